"""Trains `tokenizer_spm.model`, the small text vocabulary of the tiny model. Run once; its output is kept.

`python tests/vectors/personaplex/tokenizer.py` (sentencepiece 0.2.3): BPE with byte fallback, 640 pieces, ids as in the
released vocabulary: 0 unknown (used as EPAD), 1 begin, 2 end, 3 padding.
"""

from __future__ import annotations

import io
from pathlib import Path

import sentencepiece

PIECES = 640
SENTENCES = (
    "You are a wise and friendly teacher. Answer questions or provide advice in a clear and engaging way.",
    "You enjoy having a good conversation. You live in a house and help the people who live there.",
    "The garage door is still open. Shall I close the garage door for you?",
    "The kitchen light is on and the living room light is off. I have turned on the light in the kitchen.",
    "It is seven o'clock in the morning, and the coffee machine is ready. Good morning!",
    "Sure, I will set a timer for ten minutes. The timer has two minutes left.",
    "I am sorry, I could not reach the thermostat. The temperature in the bedroom is twenty degrees.",
    "What would you like to listen to this evening? There is music in the living room.",
    "The front door is locked, the windows upstairs are closed, and nobody is in the garden.",
    "Tomorrow will be warm and sunny, with some rain in the afternoon and a little wind in the evening.",
    "Yes. No. Okay. Thank you. You are welcome. One moment, please. Let me check that for you.",
    "You work for a company that repairs bicycles. Your name is Jane. Be brief, polite and exact.",
    "The washing machine has finished. The dishwasher needs another hour before everything is clean and dry.",
    "Somebody rang at the front door; a parcel was left beside the green bench under the roof.",
    "Please remember to take the keys with you, water the plants, and bring bread, milk, butter and eggs.",
    "I heard you say something about the blinds, but I did not understand which room you mean.",
)


def train() -> bytes:
    """The model file's bytes."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(f"<system> {sentence} <system>" for sentence in SENTENCES),
        model_writer=model,
        model_type="bpe",
        vocab_size=PIECES,
        byte_fallback=True,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        normalization_rule_name="identity",
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


if __name__ == "__main__":
    Path(__file__).with_name("tokenizer_spm.model").write_bytes(train())
