"""Transfer functions beside the first ones: smooth rectifiers, softmax in pictures, noise."""
