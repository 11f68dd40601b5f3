"""vocab.py LLAMA_TOKENIZER_JS OUT: the pieces of text by token, one a line.

The package has them as base64 inside its source. bot/engine/moonshine.c
reads OUT.
"""
import base64
import re
import sys

source, target = sys.argv[1:]
with open(source, encoding="utf-8") as f:
    text = re.search(r'const llama_vocab_base64 = "([A-Za-z0-9+/=]+)"',
                     f.read()).group(1)
pieces = base64.b64decode(text).decode().split("\n")
if pieces[2] != "</s>" or len(pieces) < 32000:
    sys.exit("%s: not the vocabulary that was expected" % source)
with open(target, "w", encoding="utf-8", newline="\n") as f:
    f.write("\n".join(pieces[:32000]) + "\n")
