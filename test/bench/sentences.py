# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""English sentences, the same on every machine, and the words of BERT's vocabulary that they are made of."""

import random
import unicodedata

SUBJECTS = """The old lighthouse keeper|A group of students|My neighbour's cat|The central bank|An experienced surgeon|The new compiler|\
Our football team|The museum in Vienna|A small bakery|The spacecraft|She|The committee|A retired physicist|The river|Heavy rain|\
The orchestra|Their lawyer|A swarm of bees|The mayor of the city|This recipe""".split("|")
VERBS = """announced|quietly repaired|has decided to sell|failed to explain|is looking for|carefully measured|celebrated|ignored|was surprised by|\
wrote a long report about|will postpone|photographed""".split("|")
OBJECTS = """the broken engine of the ferry|a collection of medieval maps|higher interest rates next year|the results of the experiment|\
three kilograms of fresh cherries|an unusual signal from the edge of the galaxy|the contract with the supplier|the last train to the coast|\
a patient with a rare disease|the garden behind the house|the accuracy of quantised neural networks|a song that everybody in the village knows|\
the tax reform""".split("|")
ENDS = [".", " in the early morning.", " because nobody else was willing to do it, and time was running out.", " before the winter came.",
        " although the evidence was weak and the critics had warned about it for months.", "?", " with great success!",
        " on behalf of the whole family."]  # fmt: skip


def sentences(count: int, seed: int = 3) -> list[str]:
    """Different ones, in random order."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made[f"{chance.choice(SUBJECTS)} {chance.choice(VERBS)} {chance.choice(OBJECTS)}{chance.choice(ENDS)}"] = None
    return list(made)


class WordPieces:
    """The tokeniser of uncased BERT, for text without Chinese characters: words and punctuation, each the longest known pieces from left to right."""

    def __init__(self, vocabulary: str):
        self.numbers = {piece: number for number, piece in enumerate(vocabulary.splitlines())}

    def encode(self, text: str) -> list[int]:
        plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        words = "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in plain).split()
        return [self.numbers["[CLS]"], *(number for word in words for number in self.pieces(word)), self.numbers["[SEP]"]]

    def pieces(self, word: str) -> list[int]:
        found, start = [], 0
        while start < len(word):
            ends = (end for end in range(len(word), start, -1) if ("##" if start else "") + word[start:end] in self.numbers)
            if (end := next(ends, 0)) == 0:
                return [self.numbers["[UNK]"]]
            found.append(self.numbers[("##" if start else "") + word[start:end]])
            start = end
        return found
