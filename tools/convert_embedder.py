#!/usr/bin/env python3
"""Converts a BERT sentence embedder (model.safetensors + vocab.txt + config.json) into one GGUF file (f16).

    convert_embedder.py MODEL_FOLDER OUTPUT.gguf

Only Python's standard library is used, so the same input gives the same bytes on every machine:
`install.sh` pins the SHA-256 of the result.
"""

import json
import os
import re
import struct
import sys
from array import array
from pathlib import Path

# Value types of GGUF metadata.
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
# Tensor types of GGML.
F32, F16 = 0, 1
# Kinds of vocabulary entries.
NORMAL, CONTROL, UNUSED = 1, 3, 5
# The first bytes of every tensor lie on a multiple of this.
ALIGNMENT = 32
# The runner marks the start of a word with this character; the vocabulary marks the other pieces, with "##".
WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"

# Our name for each tensor outside of the layers, and for each inside of one. What is missing here is left out on
# purpose: the pooler belongs to the training task, and position ids are 0, 1, 2, … (position_embeddings stay).
OUTER_TENSORS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
LAYER_TENSORS = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
DROPPED_TENSORS = {"embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias"}
# The runner adds rows of these two to f32 activations, which needs f32.
KEPT_AS_F32 = {"position_embd.weight", "token_types.weight"}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(kind, value):
    """One metadata value with its type in front."""
    packed = {
        UINT32: lambda: struct.pack("<I", value),
        FLOAT32: lambda: struct.pack("<f", value),
        BOOL: lambda: struct.pack("<?", value),
        STRING: lambda: text(value),
    }
    return struct.pack("<I", kind) + packed[kind]()


def typed_array(kind, values):
    body = b"".join(text(value) if kind == STRING else struct.pack("<i", value) for value in values)
    return struct.pack("<IIQ", ARRAY, kind, len(values)) + body


def runner_token(token):
    """The spelling the runner's word-piece tokenizer looks for."""
    if re.fullmatch(r"\[.+\]", token):
        return token
    return token[2:] if token.startswith("##") else WORD_START + token


def token_kind(token):
    if token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
        return CONTROL
    return UNUSED if re.fullmatch(r"\[unused\d+\]", token) else NORMAL


def metadata(config, vocabulary):
    special = {token: number for number, token in enumerate(vocabulary) if token_kind(token) == CONTROL}
    return {
        "general.architecture": typed(STRING, "bert"),
        "general.name": typed(STRING, "all-MiniLM-L6-v2"),
        "general.license": typed(STRING, "apache-2.0"),
        "general.alignment": typed(UINT32, ALIGNMENT),
        "general.file_type": typed(UINT32, 1),  # mostly f16
        "bert.block_count": typed(UINT32, config["num_hidden_layers"]),
        "bert.context_length": typed(UINT32, config["max_position_embeddings"]),
        "bert.embedding_length": typed(UINT32, config["hidden_size"]),
        "bert.feed_forward_length": typed(UINT32, config["intermediate_size"]),
        "bert.attention.head_count": typed(UINT32, config["num_attention_heads"]),
        "bert.attention.layer_norm_epsilon": typed(FLOAT32, config["layer_norm_eps"]),
        "bert.attention.causal": typed(BOOL, False),
        "bert.pooling_type": typed(UINT32, 1),  # mean
        "tokenizer.ggml.model": typed(STRING, "bert"),
        "tokenizer.ggml.pre": typed(STRING, "default"),
        "tokenizer.ggml.token_type_count": typed(UINT32, config["type_vocab_size"]),
        "tokenizer.ggml.tokens": typed_array(STRING, [runner_token(token) for token in vocabulary]),
        "tokenizer.ggml.token_type": typed_array(INT32, [token_kind(token) for token in vocabulary]),
        "tokenizer.ggml.bos_token_id": typed(UINT32, special["[CLS]"]),
        "tokenizer.ggml.cls_token_id": typed(UINT32, special["[CLS]"]),
        "tokenizer.ggml.seperator_token_id": typed(UINT32, special["[SEP]"]),  # the format's own spelling
        "tokenizer.ggml.padding_token_id": typed(UINT32, special["[PAD]"]),
        "tokenizer.ggml.unknown_token_id": typed(UINT32, special["[UNK]"]),
        "tokenizer.ggml.mask_token_id": typed(UINT32, special["[MASK]"]),
    }


def runner_name(name):
    """The runner's name for a tensor, or None for one that is left out."""
    if name in DROPPED_TENSORS:
        return None
    if name in OUTER_TENSORS:
        return OUTER_TENSORS[name]
    match = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)", name)
    if not match or match[2] not in LAYER_TENSORS:
        sys.exit(f"convert_embedder: tensor {name!r} is unknown; only BERT sentence embedders can be converted")
    return f"blk.{match[1]}.{LAYER_TENSORS[match[2]]}.{match[3]}"


def read_safetensors(path):
    """Yields (name, shape, bytes of little-endian f32) in the order of the file."""
    with path.open("rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
        header.pop("__metadata__", None)
        start = 8 + header_bytes
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            if runner_name(name) is None:
                continue
            if entry["dtype"] != "F32":
                sys.exit(f"convert_embedder: tensor {name!r} is {entry['dtype']}, expected F32")
            first, last = entry["data_offsets"]
            file.seek(start + first)
            yield name, entry["shape"], file.read(last - first)


def to_f16(data):
    values = array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    return struct.pack(f"<{len(values)}e", *values)


def padding(length):
    return b"\0" * (-length % ALIGNMENT)


def convert(folder, output):
    config = json.loads((folder / "config.json").read_text())
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    if len(vocabulary) != config["vocab_size"]:
        sys.exit(f"convert_embedder: vocab.txt has {len(vocabulary)} entries, config.json says {config['vocab_size']}")

    infos, blobs, offset = [], [], 0
    for name, shape, data in read_safetensors(folder / "model.safetensors"):
        name = runner_name(name)
        kind = F16 if len(shape) > 1 and name not in KEPT_AS_F32 else F32
        blob = to_f16(data) if kind == F16 else data
        dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        infos.append(text(name) + dimensions + struct.pack("<IQ", kind, offset))
        blobs.append(blob + padding(len(blob)))
        offset += len(blobs[-1])

    pairs = metadata(config, vocabulary)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs))
    head += b"".join(text(key) + value for key, value in pairs.items()) + b"".join(infos)

    # A half-written model must never carry the final name.
    unfinished = output.with_name(output.name + ".part")
    with unfinished.open("wb") as file:
        file.write(head + padding(len(head)))
        file.writelines(blobs)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(output)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
