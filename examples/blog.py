"""z = x1 + x2 * linear(x3): the graph that nngraph is usually introduced with."""

import numpy as np

import graphnet as gn
from graphnet import nn
from graphnet.drawing import draw

x1, x2, x3 = gn.input(), gn.input(), gn.input()
linear = nn.Linear(20, 10)(x3)
product = x2 * linear  # the same as nn.CMulTable()([x2, linear])
z = x1 + product
net = gn.GModule([x1, x2, x3], [z])

inputs = [np.random.randn(10), np.random.randn(10), np.random.randn(20)]
run = net.run(inputs)
gradients = run.backward(np.ones(10))

weight, bias = net.parameters()
assert np.allclose(run.outputs, inputs[0] + inputs[1] * (weight @ inputs[2] + bias))
assert np.allclose(gradients[1], run["linear"])  # dz/dx2 is what x2 was multiplied by
print(net.summary(10, 10, 20))
print("gradient at the product:", run.grad["product"])

draw(net, [10, 10, 20]).save("blog.svg")
print("wrote blog.svg")
