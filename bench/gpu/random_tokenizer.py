"""Writes a tokenizer of Llama 3's size for a random checkpoint: 128,000 tokens of ASCII letters, 256 special ones, a chat
template. What a server does with it takes as long as with a real one; what it says means nothing.
"""

import json
from string import ascii_lowercase

WORDS, SPECIAL = 128000, 256
NAMES = {0: "begin_of_text", 1: "end_of_text", 6: "start_header_id", 7: "end_header_id", 8: "eom_id", 9: "eot_id"}
TEMPLATE = (
    "{{- bos_token }}{%- for message in messages %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{%- endfor %}{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
)


def byte_letters():
    """The printable characters that byte-level vocabularies write bytes as (GPT-2's encoder.py, bytes_to_unicode)."""
    itself = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in itself]
    return [chr(byte) for byte in itself] + [chr(0x100 + at) for at in range(len(others))]


def byte_pairs(letters):
    """Merges, shortest first: each token is one before it and a letter."""
    words, merges = [*ascii_lowercase, "Ġ"], []
    for word in words:
        for letter in ascii_lowercase:
            if len(letters) + len(merges) == WORDS:
                return merges
            merges.append([word, letter])
            words.append(word + letter)
    return merges


def special_tokens():
    texts = [f"<|{NAMES.get(at, f'reserved_special_token_{at}')}|>" for at in range(SPECIAL)]
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return [{"id": WORDS + at, "content": text, **flags} for at, text in enumerate(texts)]


def write_tokenizer(folder):
    letters = byte_letters()
    merges = byte_pairs(letters)
    vocabulary = {text: at for at, text in enumerate([*letters, *("".join(pair) for pair in merges)])}
    added = special_tokens()
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": merges}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level, "model": model}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": added[0]["content"],
              "eos_token": added[9]["content"], "chat_template": TEMPLATE}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
