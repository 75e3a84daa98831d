"""A labelled text for tagging.py: the code of Python's own library, tagged by its parser."""

import ast
import importlib.util
import tokenize
from keyword import iskeyword

TAGS = ["no name", "called", "assigned", "read", "parameter", "argument", "declared"]


def places(tree):
    """The place (line, column) and the tag of each name in an expression or a list of parameters.

    The name of an attribute counts like any other: in ``a.b = c()``, b is assigned, a is read.
    """
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            use = "assigned" if isinstance(node.ctx, ast.Store) else "read"
            tag = "called" if node in called else use
            yield (node.end_lineno, node.end_col_offset - len(name)), tag
        elif isinstance(node, ast.arg | ast.keyword):
            tag = "parameter" if isinstance(node, ast.arg) else "argument"
            yield (node.lineno, node.col_offset), tag


def statements(modules):
    """The statements of 3 to 48 words in these modules: for each a list of pairs (word, tag).

    Names that are left (after def, class, import) are declared; signs and keywords are no names.
    """
    for module in modules.split():
        with tokenize.open(importlib.util.find_spec(module).origin) as file:
            tags = dict(places(ast.parse(file.read())))
            file.seek(0)
            tokens = list(tokenize.generate_tokens(file.readline))
        statement = []
        for token in tokens:
            if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING):
                is_name = token.type == tokenize.NAME and not iskeyword(token.string)
                tag = tags.get(token.start, "declared") if is_name else "no name"
                statement.append((token.string, tag))
            elif token.type == tokenize.NEWLINE:
                if 3 <= len(statement) <= 48:
                    yield statement
                statement = []
