"""Modules: layers, table operations, activations, criteria, cells and recurrent nets.

A file names what is exported of it in its ``__all__``.
"""

from typing import TYPE_CHECKING

from graphnet.graph import Buffer as Buffer
from graphnet.graph import GModule as GModule
from graphnet.graph import Parameter as Parameter
from graphnet.graph.wiring.arithmetic import (
    AddConstant,
    CAddTable,
    CDivTable,
    CMulTable,
    CSubTable,
    MulConstant,
    Power,
    Square,
)
from graphnet.graph.wiring.table_modules import Identity, SelectTable
from graphnet.names.layers import LAYERS
from graphnet.nn import (
    attention,
    cells,
    criteria,
    element_research,
    images,
    init,
    layers,
    recurrent,
)
from graphnet.nn.attention.decoder_cell import *  # noqa: F403
from graphnet.nn.attention.dot_product import *  # noqa: F403
from graphnet.nn.attention.heads import *  # noqa: F403
from graphnet.nn.attention.masks import *  # noqa: F403
from graphnet.nn.attention.multihead import *  # noqa: F403
from graphnet.nn.attention.over_memory import *  # noqa: F403
from graphnet.nn.attention.positions import *  # noqa: F403
from graphnet.nn.attention.transformer import *  # noqa: F403
from graphnet.nn.attention.transformer_stacks import *  # noqa: F403
from graphnet.nn.cells import *  # noqa: F403
from graphnet.nn.cells.dynamics import *  # noqa: F403
from graphnet.nn.cells.elementwise import *  # noqa: F403
from graphnet.nn.cells.gated import *  # noqa: F403
from graphnet.nn.cells.gru import *  # noqa: F403
from graphnet.nn.cells.light import *  # noqa: F403
from graphnet.nn.cells.lstm import *  # noqa: F403
from graphnet.nn.cells.memory import *  # noqa: F403
from graphnet.nn.cells.merged import *  # noqa: F403
from graphnet.nn.cells.multiplicative import *  # noqa: F403
from graphnet.nn.cells.peephole import *  # noqa: F403
from graphnet.nn.cells.regularised import *  # noqa: F403
from graphnet.nn.cells.simple import *  # noqa: F403
from graphnet.nn.criteria.classification import *  # noqa: F403
from graphnet.nn.criteria.criterion import *  # noqa: F403
from graphnet.nn.criteria.distances import *  # noqa: F403
from graphnet.nn.criteria.likelihoods import *  # noqa: F403
from graphnet.nn.criteria.log_likelihood import *  # noqa: F403
from graphnet.nn.criteria.logits import *  # noqa: F403
from graphnet.nn.criteria.masked import *  # noqa: F403
from graphnet.nn.criteria.regression import *  # noqa: F403
from graphnet.nn.criteria.sequences import *  # noqa: F403
from graphnet.nn.criteria.weighted_errors import *  # noqa: F403
from graphnet.nn.criteria.with_modules import *  # noqa: F403
from graphnet.nn.element_research import *  # noqa: F403
from graphnet.nn.images.convolution import *  # noqa: F403
from graphnet.nn.images.pooling import *  # noqa: F403
from graphnet.nn.images.spatial import *  # noqa: F403
from graphnet.nn.layers.activation import *  # noqa: F403
from graphnet.nn.layers.arithmetic import *  # noqa: F403
from graphnet.nn.layers.containers import *  # noqa: F403
from graphnet.nn.layers.distance import *  # noqa: F403
from graphnet.nn.layers.dropout import *  # noqa: F403
from graphnet.nn.layers.function import *  # noqa: F403
from graphnet.nn.layers.layer_part import *  # noqa: F403
from graphnet.nn.layers.linear import *  # noqa: F403
from graphnet.nn.layers.normalization import *  # noqa: F403
from graphnet.nn.layers.normalizing import *  # noqa: F403
from graphnet.nn.layers.products import *  # noqa: F403
from graphnet.nn.layers.rectifiers import *  # noqa: F403
from graphnet.nn.layers.reduction import *  # noqa: F403
from graphnet.nn.layers.shape import *  # noqa: F403
from graphnet.nn.layers.tables import *  # noqa: F403
from graphnet.nn.layers.transfer import *  # noqa: F403
from graphnet.nn.layers.values import *  # noqa: F403
from graphnet.nn.layers.weights import *  # noqa: F403
from graphnet.nn.recurrent.bidirectional import *  # noqa: F403
from graphnet.nn.recurrent.cell_layers import *  # noqa: F403
from graphnet.nn.recurrent.live import *  # noqa: F403
from graphnet.nn.recurrent.mask import *  # noqa: F403
from graphnet.nn.recurrent.recurrent import *  # noqa: F403
from graphnet.nn.recurrent.remembering import *  # noqa: F403
from graphnet.nn.recurrent.torch_layers import *  # noqa: F403
from graphnet.nn.recurrent.torch_weights import *  # noqa: F403
from graphnet.nn.recurrent.unroll import *  # noqa: F403

__all__ = [
    "AddConstant",
    "CAddTable",
    "CDivTable",
    "CMulTable",
    "CSubTable",
    "Identity",
    "MulConstant",
    "Power",
    "SelectTable",
    "Square",
    "init",
]
__all__ += attention.decoder_cell.__all__
__all__ += attention.dot_product.__all__
__all__ += attention.heads.__all__
__all__ += attention.masks.__all__
__all__ += attention.multihead.__all__
__all__ += attention.over_memory.__all__
__all__ += attention.positions.__all__
__all__ += attention.transformer.__all__
__all__ += attention.transformer_stacks.__all__
__all__ += cells.__all__
__all__ += cells.dynamics.__all__
__all__ += cells.elementwise.__all__
__all__ += cells.gated.__all__
__all__ += cells.gru.__all__
__all__ += cells.light.__all__
__all__ += cells.lstm.__all__
__all__ += cells.memory.__all__
__all__ += cells.merged.__all__
__all__ += cells.multiplicative.__all__
__all__ += cells.peephole.__all__
__all__ += cells.regularised.__all__
__all__ += cells.simple.__all__
__all__ += criteria.classification.__all__
__all__ += criteria.criterion.__all__
__all__ += criteria.distances.__all__
__all__ += criteria.likelihoods.__all__
__all__ += criteria.log_likelihood.__all__
__all__ += criteria.logits.__all__
__all__ += criteria.masked.__all__
__all__ += criteria.regression.__all__
__all__ += criteria.sequences.__all__
__all__ += criteria.weighted_errors.__all__
__all__ += criteria.with_modules.__all__
__all__ += element_research.__all__
__all__ += layers.activation.__all__
__all__ += layers.arithmetic.__all__
__all__ += layers.values.__all__
__all__ += layers.containers.__all__
__all__ += images.convolution.__all__
__all__ += layers.distance.__all__
__all__ += layers.dropout.__all__
__all__ += layers.function.__all__
__all__ += layers.layer_part.__all__
__all__ += layers.linear.__all__
__all__ += layers.transfer.__all__
__all__ += layers.normalization.__all__
__all__ += images.pooling.__all__
__all__ += layers.weights.__all__
__all__ += layers.normalizing.__all__
__all__ += layers.products.__all__
__all__ += layers.rectifiers.__all__
__all__ += layers.reduction.__all__
__all__ += layers.shape.__all__
__all__ += images.spatial.__all__
__all__ += layers.tables.__all__
__all__ += recurrent.bidirectional.__all__
__all__ += recurrent.cell_layers.__all__
__all__ += recurrent.live.__all__
__all__ += recurrent.mask.__all__
__all__ += recurrent.recurrent.__all__
__all__ += recurrent.remembering.__all__
__all__ += recurrent.torch_layers.__all__
__all__ += recurrent.torch_weights.__all__
__all__ += recurrent.unroll.__all__

if not TYPE_CHECKING:  # type checkers report missing names
    __dir__, __getattr__ = LAYERS.lookups(__name__, __all__)
