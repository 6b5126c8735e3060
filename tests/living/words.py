"""What people say in a house: to it, to each other, on the telephone; and what a television says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Request:
    """Something the house is asked for.

    Attributes:
        text: the words.
        acts: one of these services on one of these entities must follow; empty: an answer is enough.
    """

    text: str
    acts: tuple[tuple[str, str], ...] = ()


def _light(text: str, service: str, *entities: str) -> Request:
    return Request(text, tuple((f"light.{service}", f"light.{entity}") for entity in entities))


# Said in this room of this room: whoever places the talker wrongly acts in the wrong one.
HERE: Final[dict[str, tuple[Request, ...]]] = {
    "kitchen": (
        _light("Turn the lights on.", "turn_on", "kitchen_lights", "kitchen_counter"),
        _light("Turn off the lights.", "turn_off", "kitchen_lights", "kitchen_counter"),
        _light("Switch on the counter light.", "turn_on", "kitchen_counter"),
        _light("Turn the counter light off, please.", "turn_off", "kitchen_counter"),
    ),
    "living_room": (
        _light("Turn on the floor lamp.", "turn_on", "living_room_lamp"),
        _light("Switch off the floor lamp.", "turn_off", "living_room_lamp"),
        _light("Lights on, please.", "turn_on", "living_room_ceiling", "living_room_lamp"),
        _light("Turn off the lights.", "turn_off", "living_room_ceiling", "living_room_lamp"),
    ),
    "hallway": (
        _light("Turn on the light.", "turn_on", "hallway_light"),
        _light("Turn the light off.", "turn_off", "hallway_light"),
    ),
    "bedroom": (
        _light("Turn on the bedside lamp.", "turn_on", "bedside_lamp"),
        _light("Switch the bedside lamp off.", "turn_off", "bedside_lamp"),
        _light("Turn the lights on.", "turn_on", "bedroom_light", "bedside_lamp"),
        _light("Lights off.", "turn_off", "bedroom_light", "bedside_lamp"),
    ),
    "office": (
        _light("Turn on the desk lamp.", "turn_on", "desk_lamp"),
        _light("Turn off the desk lamp.", "turn_off", "desk_lamp"),
        _light("Switch on the lights.", "turn_on", "office_light", "desk_lamp"),
        _light("Lights off, please.", "turn_off", "office_light", "desk_lamp"),
    ),
}
ANYWHERE: Final = (
    _light("Turn on the garden lights.", "turn_on", "garden_lights"),
    _light("Turn the garden lights off.", "turn_off", "garden_lights"),
    _light("Switch on the hallway light.", "turn_on", "hallway_light"),
    _light("Turn off the hallway light.", "turn_off", "hallway_light"),
    _light("Turn off the bathroom light.", "turn_off", "bathroom_light"),
    _light("Turn on the bathroom light, please.", "turn_on", "bathroom_light"),
    Request("Is the front door locked?"),
    Request("Is the garage door closed?"),
    Request("Are the lights on in the kitchen?"),
    Request("What is the temperature in the living room?"),
    Request("Close the office blind.", (("cover.close_cover", "cover.office_blind"),)),
    Request("Open the office blind.", (("cover.open_cover", "cover.office_blind"),)),
)
# To each other. Rooms and things of the house are talked about, too.
TALK: Final = (
    "Did you see that the shop on the corner has closed again?",
    "I thought we could have soup tonight, there is still some pumpkin left.",
    "My train was late again this morning, nearly half an hour.",
    "You should have told me that they were coming on Sunday.",
    "No, I have not called her back yet, I will do it tomorrow.",
    "Where did you put the scissors? They were on the table.",
    "I really liked the ending, although the middle was a bit long.",
    "Can you pass me the salt, please?",
    "They say that it will rain all week, so we may as well stay at home.",
    "He asked me whether we wanted the old bicycle, and I said yes.",
    "It was so loud in the office today that nobody could think.",
    "Do you remember the little place by the river where we had lunch?",
    "I have to leave early tomorrow, so do not wait for me.",
    "The neighbours have painted their fence green, have you seen it?",
    "That is what I told him, but he would not listen.",
    "We need new curtains in the bedroom, these ones are worn out.",
    "I left my keys in the kitchen, as always.",
    "Have you finished the book that I gave you?",
    "It is your turn to take the rubbish out, I did it last week.",
    "She is learning to play the cello now, would you believe it?",
)
PHONE: Final = (
    "Hello? Yes, it is me, I was just about to call you.",
    "No, no, Thursday is fine, I only need to be back by six.",
    "Really? And what did the doctor say?",
    "Well, that is typical, they never answer their letters.",
    "Mm, yes, I see. And who is going to pay for that?",
    "I can bring a cake, but you have to make the coffee.",
    "Wait, let me look for a pen. All right, go ahead.",
    "Four, seven, one, and then double eight, I have it.",
    "Oh, he has grown so much, I hardly recognised him.",
    "Of course, give them all my love, and talk to you soon.",
)
PROGRAMME: Final = (
    "Good evening. The council has voted on the new bridge, and work is expected to begin in early spring.",
    "Residents of the old town have asked for a quieter solution, while traders hope for more visitors.",
    "And it is a long ball down the left wing, he takes it beautifully, looks up, and there is the cross.",
    "Headed away, but only as far as the edge of the box, where nobody is waiting for it.",
    "You never told me that you had been there. I thought you knew. How could I have known?",
    "Nobody ever tells me anything in this house, and now the train has left, and so has he.",
    "Add the butter slowly, keep stirring, and do not let it boil, whatever you do.",
    "Tomorrow begins with fog in the valleys, later the sun comes out, with highs around twelve degrees.",
    "Switch to the new tariff today, and the first three months are on us.",
    "Turn off the lights, he said, and nobody dared to ask him why.",
)
WAKE: Final = "Okay Nabu,"
GOODBYE: Final = Request("Thank you, that is all.")
