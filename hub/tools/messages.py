"""Messages and e-mail to people whom the settings name, through Home Assistant's `notify` services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

from hub.config_tools import RecipientSettings
from hub.home.port import Home
from hub.tools.port import ToolError, ToolResult
from hub.tools.words import listed

MAX_MESSAGE: Final = 1000
SUBJECT: Final = "A message from home"
_ALIKE: Final = 85.0


class UnknownRecipientError(ToolError):
    """The settings name nobody like that."""

    code = "unknown_recipient"


class Messages:
    """Delivers to those who are named.

    Args:
        home: whose services deliver.
        recipients: who may be written to.
    """

    def __init__(self, home: Home, recipients: Sequence[RecipientSettings]) -> None:
        self._home = home
        self._recipients = tuple(recipients)

    def recipient(self, name: str, *, email: bool = False) -> RecipientSettings:
        """Who is meant; for e-mail only those with an address.

        Raises:
            UnknownRecipientError: nobody is named like that, or several alike.
        """
        some = [one for one in self._recipients if one.email is not None or not email]
        wanted = name_key(name)
        likeness = {one.name: fuzz.ratio(wanted, name_key(one.name)) for one in some}
        best = max(likeness.values(), default=0.0)
        found = [one for one in some if likeness[one.name] == best]
        if best < _ALIKE or len(found) != 1:
            known = listed([one.name for one in some[:6]], "or") or "nobody yet; the settings name them"
            raise UnknownRecipientError(f"I cannot write to {name[:60]}. I can write to {known}.")
        return found[0]

    async def send(self, recipient: RecipientSettings, message: str) -> ToolResult:
        """Deliver a message.

        Raises:
            ToolError: there is nothing to send.
            HomeError: the house does not deliver it.
        """
        text = message.strip()[:MAX_MESSAGE]
        if not text:
            raise ToolError("There is nothing to send.")
        domain, service = recipient.service.split(".", 1)
        mail = {"title": SUBJECT, "target": [recipient.email]} if recipient.email is not None else {}
        await self._home.ask(domain, service, {"message": text, **mail}, answers=False)
        what = "e-mail" if recipient.email is not None else "message"
        return ToolResult(f"I have sent the {what} to {recipient.name}.", {"sent_to": recipient.name})


def name_key(name: str) -> str:
    """A name as it is compared: whose it is said to be does not matter."""
    words = name.casefold().replace("\u2019", "'").replace("'s", "").split()
    return " ".join(word for word in words if word not in ("my", "the", "our", "to"))
