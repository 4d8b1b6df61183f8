"""A colour for every operator type, the same in all pictures and diagrams.

Similar operators have similar hues: a family has a hue and a lightness, and the colours of its
types vary slightly around them. Families differ in lightness as well as in hue, for colour-blind
people.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gallery.coloring.hex_codes import Colors
from gallery.coloring.oklab import chroma_limit, srgb8_from_oklch
from gallery.coloring.palettes import for_ground

_HUES: Mapping[str, tuple[float, float, float]] = {
    # (lightness, share of the chroma limit, hue in degrees).
    "contraction": (0.66, 0.92, 250),
    "normalisation": (0.60, 0.90, 303),
    "activation": (0.89, 0.90, 100),
    "arithmetic": (0.70, 0.90, 358),
    "reduction": (0.82, 0.88, 148),
    "pooling": (0.74, 0.95, 52),
    "movement": (0.80, 0.85, 195),
    "recurrence": (0.62, 0.92, 25),
    "quantisation": (0.77, 0.80, 325),
    "input": (0.93, 0.25, 90),
}

_TYPES: Mapping[str, str] = {
    "contraction": """
        Conv MatMul Gemm ConvTranspose Einsum Attention ConvInteger MatMulInteger QLinearConv
        QLinearMatMul DeformConv MultiHeadAttention LinearAttention CausalConvWithState MatMulNBits
        LinearClassifier LinearRegressor SVMClassifier SVMRegressor FusedConv FusedMatMul FusedGemm
        QGemm MatMulIntegerToFloat DynamicQuantizeMatMul MatMulInteger16 NhwcConv NhwcFusedConv
        TransposeMatMul FusedMatMulActivation SparseToDenseMatMul GemmFastGelu GemmFloat8
        QOrderedMatMul RouterGateUpProj MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight
        MatMulBnb4 MatMulFpQ4 MatMulPacked MatMulNBitsMlp MatMulNBitsQLoRA MatMulNBitsQkv
        QLinearConvTranspose ConvTransposeWithDynamicPads WordConvEmbedding CDist
        VarlenCausalConvWithState GatedDeltaNet Mamba2Verify HyperConnectionLowRankMix
        GroupQueryAttention QAttention PackedAttention PackedMultiHeadAttention
        DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention DecoderAttention SparseAttention
        PagedAttention LongformerAttention MoE QMoE MoEPacked QOrderedAttention
        QOrderedLongformerAttention DynamicSparseAttention SparsePagedAttention
        SparseAttentionIndexer PackedSparseAttentionIndexer FlexAttention
    """,
    "normalisation": """
        BatchNormalization LayerNormalization GroupNormalization RMSNormalization
        InstanceNormalization SkipLayerNormalization LRN LpNormalization MeanVarianceNormalization
        SimplifiedLayerNormalization SkipSimplifiedLayerNormalization Normalizer Scaler GroupNorm
        SkipGroupNorm GatedRMSNorm BranchwiseRMSNorm QOrderedLayerNormalization
        EmbedLayerNormalization QEmbedLayerNormalization RMSNormRotary
    """,
    "activation": """
        Relu Gelu Sigmoid Tanh Erf Swish HardSwish HardSigmoid Clip LeakyRelu Elu Selu PRelu
        Softplus Softsign Mish Celu ThresholdedRelu Dropout Shrink SwiGLU FastGelu QuickGelu
        BiasGelu BiasSplitGelu ScaledSiLU BiasDropout BitmaskDropout BitmaskBiasDropout
        QLinearLeakyRelu QLinearSigmoid QOrderedGelu LinearAttentionGate EngramGate
    """,
    "arithmetic": """
        Add Mul Sub Div Pow Sqrt Exp Log Neg Abs Reciprocal Sin Cos Min Max Sum Mean Where Equal
        Less Greater Not And Or Xor Mod Floor Ceil Round Sign Cast CastLike LessOrEqual
        GreaterOrEqual IsNaN IsInf BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Tan Sinh
        Cosh Asin Acos Atan Asinh Acosh Atanh RotaryEmbedding Binarizer Imputer Adagrad Adam
        Momentum BiasAdd MulInteger ComplexMul ComplexMulConj QLinearWhere MurmurHash3 NegPos
        GatedAdd HyperConnectionPreMix HyperConnectionPostMix NGramHashMapping
        VarlenNGramHashMapping GemmaRotaryEmbedding GatedRelativePositionBias MRotaryEmbedding
    """,
    "reduction": """
        Softmax LogSoftmax ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
        ReduceSumSquare ReduceLogSumExp ArgMax ArgMin CumSum TopK Hardmax ReduceLogSum Loss
        SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss CumProd DFT STFT Det Unique
        NonMaxSuppression TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor BiasSoftmax
        QLinearSoftmax QLinearReduceMean ReduceSumInteger Rfft Irfft Inverse IsAllFinite
        DynamicTimeWarping StftNorm SegmentSum MoEGroupRouter
    """,
    "pooling": """
        MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool MaxRoiPool RoiAlign
        MaxUnpool GridSample Col2Im NhwcMaxPool QLinearAveragePool MaxpoolWithMask CropAndResize
        GaussianBlur
    """,
    "movement": """
        Reshape Transpose Concat Slice Gather Split Unsqueeze Squeeze Flatten Pad Expand Tile
        Resize Upsample DepthToSpace SpaceToDepth GatherElements GatherND ScatterND ScatterElements
        Identity Shape Range OneHot Trilu ReverseSequence Compress Constant ConstantOfShape Size
        NonZero CenterCropPad Scatter TensorScatter BitCast EyeLike AffineGrid HannWindow
        HammingWindow BlackmanWindow MelWeightMatrix RandomNormal RandomNormalLike RandomUniform
        RandomUniformLike Bernoulli Multinomial ImageDecoder TfIdfVectorizer ArrayFeatureExtractor
        CategoryMapper FeatureVectorizer LabelEncoder OneHotEncoder ReorderInput ReorderOutput
        ExpandDims UnfoldTensor NGramRepeatBlock Tokenizer SampleOp TorchEmbedding
        GatherBlockQuantized GatherPacked BifurcationDetector AudioDecoder BasicTokenizer
        BertTokenizer BertTokenizerDecoder BlingFireSentenceBreaker BpeDecoder CLIPTokenizer
        DecodeImage DrawBoundingBoxes EncodeImage GPT2Tokenizer HfBertTokenizer HfJsonTokenizer
        ImageReader MaskedFill MergeSignalSegments RaggedTensorToDense RaggedTensorToSparse
        RobertaTokenizer SegmentExtraction SentencepieceDecoder SentencepieceTokenizer
        SplitSignalSegments SpmTokenizer StringConcat StringECMARegexReplace
        StringECMARegexSplitWithOffsets StringEqual StringHash StringHashFast StringJoin
        StringLength StringLower StringMapping StringRaggedTensorToDense StringRegexReplace
        StringRegexSplitWithOffsets StringSplit StringStrip StringToHashBucket
        StringToHashBucketFast StringToVector StringUpper TrieDetokenizer TrieTokenizer
        VectorToString WordpieceTokenizer ConvStateReplay GatedDeltaNetStateReplay
        SpeculativePrefixCommit ZipMap DictVectorizer CastMap SequenceConstruct SequenceAt
        SequenceInsert SequenceErase SequenceEmpty SequenceLength SequenceMap SplitToSequence
        ConcatFromSequence Optional OptionalGetElement OptionalHasElement StringNormalizer
        PackedSparseAttentionIndexerMerge RegexFullMatch
    """,
    "recurrence": """
        LSTM GRU RNN Loop Scan If DynamicQuantizeLSTM AttnLSTM BeamSearch GreedySearch Sampling
        WhisperBeamSearch RelativePositionBias RemovePadding RestorePadding
    """,
    "quantisation": """
        QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearAdd QLinearMul QLinearConcat
        QLinearGlobalAveragePool QuantizeBFP DequantizeBFP QuantizeWithOrder DequantizeWithOrder
    """,
    "input": "Input",
}

FAMILIES: Mapping[str, tuple[tuple[float, float, float], tuple[str, ...]]] = {
    name: (hue, tuple(_TYPES[name].split())) for name, hue in _HUES.items()
}
"""Colour and types by family; the first of its types has the colour itself."""

_PLACES: dict[str, tuple[str, int]] = {}
for _family, (_, _types) in FAMILIES.items():
    for _rank, _type in enumerate(_types):
        _PLACES.setdefault(_type, (_family, _rank))


def family(operator_type: str) -> str:
    """The family of an ONNX operator type, or "other".

    >>> family("Conv"), family("com.example.Fancy")
    ('contraction', 'other')
    """
    return _PLACES.get(operator_type, ("other", 0))[0]


def type_color(operator_type: str, ground: str = "dark") -> Colors:
    """The colour of an operator type on a ground: uint8 (3,), sRGB."""
    name, rank = _PLACES.get(operator_type, ("other", 0))
    lightness, share, hue = FAMILIES[name][0] if name in FAMILIES else (0.76, 0.10, 80.0)
    if rank:
        # The golden ratio spreads any number of types evenly around the family's colour.
        turn = (rank * 0.6180339887) % 1 - 0.5
        hue += 30 * turn
        lightness += 0.07 * (((rank * 0.7548776662) % 1) - 0.5)
    chroma = float(share * chroma_limit(lightness, hue % 360))
    lch = np.array([lightness, chroma, hue % 360])
    return srgb8_from_oklch(for_ground(lch, ground))
