"""Which of the official cases are about convolutional networks, and which inputs such a network's file stores."""

#: Operators of the networks that pex is for. A case is taken when it has no other.
NETWORK = frozenset("""
    Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool
    BatchNormalization InstanceNormalization GroupNormalization LayerNormalization LRN
    Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu Clip Sigmoid HardSigmoid HardSwish Swish Mish Gelu Erf Tanh
    Softplus Softsign Softmax LogSoftmax
    Gemm MatMul Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Floor Ceil Reciprocal Min Max Sum Mean
    Concat Flatten Reshape Transpose Squeeze Unsqueeze Pad Split Slice Gather Expand Tile Identity Dropout
    ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL2 ArgMax
    DepthToSpace SpaceToDepth Resize Upsample
    Constant ConstantOfShape Shape Cast
    LSTM GRU RNN
    DynamicQuantizeLinear ConvInteger MatMulInteger QLinearConv QLinearMatMul
    """.split())

#: Operators whose inputs behind the first are weights or settings. The official cases feed them; a network's file
#: stores them.
SETTINGS_BEHIND_FIRST = frozenset("""
    Conv ConvTranspose BatchNormalization InstanceNormalization GroupNormalization LayerNormalization PRelu Gemm
    Clip Pad Resize Upsample Dropout
    Reshape Squeeze Unsqueeze Split Slice Expand Tile
    LSTM GRU RNN ConvInteger MatMulInteger QLinearConv QLinearMatMul
    ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL2
    """.split())

#: Operators of integers. Their cases are fed and give f32 here, as networks do that have them inside.
QUANTIZED = frozenset("DynamicQuantizeLinear ConvInteger MatMulInteger QLinearConv QLinearMatMul".split())
