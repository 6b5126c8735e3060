"""Politeness around a request, and figures of speech in it, over plain words: none of it changes what is asked."""

from __future__ import annotations

import re

_LEAD = re.compile(
    r"^(?:(?:(?:ta|thanks|thank you|cheers|lovely|great|perfect|brilliant|nice|awesome|cool)(?="
    r" (?:,|and|so|now|then|can|could|please"
    r"|turn|switch|set|put|lock|close|open|dim|play|pause|stop|add|start) )|try (?:it|that)"
    r" again|try again(?= [a-z]+ (?:the|my|our|that|this|it|on|off|some|up|down)\b)|(?:of )?course(?= you can)"
    r"|hey|hi|hello|excuse me|ok|alright|right(?= (?:,|so|then|now|can"
    r"|could|please|turn|switch|let|close|open|shut|lock|dim|put|set|play|pause|stop|start|make|get|bring))|yes|like|you"
    r" know|hang on|yeah|so|well|now|and|then|please|kindly|just|actually|quickly|possibly|perhaps|maybe"
    r"|go ahead and|let us|listen(?! to\b)|assistant|roomtone|alexa|nabu|jarvis|can you|could you"
    r"|would you|will you|can you just|computer"
    r"|would you mind|do you mind|do me a favou?r and|i want you to|i would like you to|i need you to"
    r"|would you be able to|i was wondering if you could|any chance you could|be sure to|make sure to|ever(?= [a-z]+ )"
    r"|(?:you|we|i) (?:might|may) (?:just )?as well|do (?:one|1) thing(?: for me)?|(?:ugh|argh|god|gosh|blimey"
    r"|phew|brr+|oi)(?=(?: ,)? (?!is\b|was\b)[a-z])|not this (?:song|one|1|track|tune|again)(?= (?:, )?(?:skip"
    r"|next|play))"
    r"|you all(?=(?: ,)? [a-z]+ (?:the|my|our|that|on|off|up|down)\b)|please to|i want(?= (?:close|open|turn|switch|put"
    r"|set|dim)\b)"
    r"|go on(?: then)?(?=(?: ,)? [a-z]+ (?:the|my|our|that|on|off|up|down)\b)|wait(?= [a-z]+ (?:the|my|our|that|on|off"
    r"|up|down)\b)"
    r"|time to(?=(?: ,)? [a-z]+ (?:the|my|our|that|on|off|up|down)\b)|any chance of|do (?:me|us|him"
    r"|her) a favou?r(?: and)?"
    r"|(?:can|could|may|might) (?:i|we) (?:trouble|bother|ask|get) you to|i was (?:hoping"
    r"|wondering if) you (?:could|would)"
    r"|but(?= (?:i|we) (?:need|want|would|could)\b)"
    r"|is there any (?:way|chance) (?:that )?you could|(?:i am|we are) (?:going to|gonna) need|i (?:think"
    r"|reckon) you should"
    r"|be so kind as to|be a dear and|you (?:all )?can|you (?:all )?could|are you able to|is"
    r" it possible to|try to|for me"
    r"|(?:can|could|will|would) (?:someone|somebody|anyone|anybody|one of you|you guys|you please)"
    r"|be an? (?:love|darling|dear|angel|sweetheart|star|legend|doll|good (?:boy|girl|lad|man))"
    r" and"
    r"|do us a favou?r and|why do not you|do you think you could|would it be possible to|if you (?:could|would)"
    r"|when you get a (?:chance|minute|moment|sec|second)|i would appreciate it if you(?: could| would)?"
    r"|i would be grateful if you(?: could| would)?|you had better|we had better|you need to|i am going to need you to"
    r"|(?:somebody|someone|anybody|anyone)(?= (?:please |just )?(?:turn|switch|put|close|open"
    r"|shut|lock|dim|get|stick|pop) )"
    r"|i want to|i would like to|i need to|help me"
    r")(?: ,)? )+(?=.)"
)
_TAIL = re.compile(
    r"(?: ,)? (?:please|please and thank you|and thank you|thanks|thank you|thank you very much"
    r"|thanks a lot|cheers|right now|straight away|at once"
    r"|immediately|for me|for us|ok|if you can|if you could|if you would|if you do not mind|would you|will you"
    r"|could you"
    r"|can you|kindly|again please|as well please|right away|quickly|quick|sharpish|pronto|mate|buddy|real quick|like"
    r"|if you would be so kind|if you please|and that is it|that is it|that is all|pls|pleas"
    r"|already|guys|you all|everyone|everybody|this minute|for (?:tonight|now)|overnight|a s a p|asap"
    r"|when you can|when you get a chance|so much|ta|love|yeah|darling|dear|pet|duck|sweetie"
    r"|sweetheart|babe|honey|pal|bro|bud|my love|my dear|there is a love"
    r"|if it is not too much trouble|if you would not mind|would you mind|do you mind|shall we|(?:will|would|can"
    r"|could) not you"
    r"|if possible|if that is (?:ok|all right|alright|fine|possible)|when you are ready|there is a (?:good|dear|love)"
    r"(?: (?:lad|girl|boy|one))?|how about it|be a dear|be a love|will ya|then|man|dude|hun|all right"
    r"|would ya|or whatever|i guess|(?:after|behind) (?:you|me|us)|so|na|eh|only|gimme|wouldja|please and thanks"
    r"|let us go"
    r"|like an? (?:good|great|decent|dear|proper) [a-z]+|rise and shine|(?:and )?(?:make it (?:snappy|quick|fast)"
    r"|look (?:sharp|lively)|be quick(?: about it)?"
    r"|step on it|hurry(?: up)?|chop chop|on the double|get a move on|quick as you can|wakey wakey)|(?:after"
    r"|behind) (?:him|her|them)"
    r"|and not (?:a (?:minute|second|moment|degree|bit)|\d+s) (?:later|longer|more|less)|what do you say|ya"
    r"|(?<! is )(?<! are )(?<! was )(?<! were )not (?:mine|ours|yours|his|hers|theirs|(?:the|that"
    r"|this) other (?:one|1))|(?<!from )now"
    r"|(?<! over )(?<! in )(?<! out )(?<! right )(?<! just )(?<! is )(?<! are )(?<!yone )(?<!body )(?<! get )(?<! who )"
    r"(?<! back )(?<! go )(?<! up )(?<! down )there"
    r"|(?:(?<= on )|(?<= off )|(?<= up )|(?<= down )|(?<= open )|(?<= shut )|(?<= closed ))"
    r"(?:the (?:whole |entire )?lot|all|each and every (?:one|1)|every (?:single |last )?(?:one|1))(?: of (?:them"
    r"|it))?)$"
)
_GERUND = {"turning": "turn", "switching": "switch", "closing": "close", "opening": "open", "dimming": "dim",
           "setting": "set", "putting": "put", "locking": "lock", "making": "make", "shutting": "shut",
           "starting": "start", "stopping": "stop", "playing": "play", "pausing": "pause", "lowering": "lower",
           "raising": "raise", "muting": "mute", "unlocking": "unlock", "getting": "get", "drawing": "draw",
           "bringing": "bring", "lighting": "light", "popping": "pop", "sticking": "stick",
           "sending": "send"}  # fmt: skip
# What somebody wants tonight is wanted now; what is to be done tonight has a time that no clock can tell.
_WANTED_TONIGHT = re.compile(r"^((?:i|we) (?:want|would like|need) .+ (?:on|off|open|closed|shut|lit)) tonight$")
# "What I'd like is the lamp on" is a wish, no question.
_WHAT_IS_WANTED = re.compile(
    r"^(?:what|all|(?:the )?(?:only |1 )?thing) (?:(?:that )?(?:i|we) (?:really |actually |now )?(?:would (?:really )?"
    r"(?:like|love)|want|need)) (?:now |right now )?is (?:for )?"
)
# "I could use a timer" needs one.
_COULD_USE = re.compile(
    r"^(?:but )?(i|we) (?:could (?:really |just |certainly |sure )?(?:use|do with)|am in need of)"
    r"(?= (?:an?|some|another|more)\b)"
)
# "Might I trouble you for the lamp" asks for the lamp.
_MAY_I_HAVE = re.compile(
    r"^(?:can|could|may|might) (?:i|we) (?:please )?(?:have|get|(?:just )?(?:trouble|bother|ask|beg) you for)\b"
)
_YOU_WILL = re.compile(r"^you (?:will|can|could|would)(?: not)? (.+?) (?:will|can|could|would) (?:not )?you$")
# What comes before a whole polite question; alone, "sorry" takes something back.
_PARDON = re.compile(
    r"^(?:(?:excuse me|pardon(?: me)?|sorry(?: to (?:bother|trouble|disturb) you)?|thanks|thank you|hi|hey|hello|ok"
    r"|alright|right|so|well|and|then|now|please|oh|also|great|lovely)(?: (?:, )?(?:but )?))+"
    r"(?=(?:can|could|would|will|do) you\b|(?:any chance|might i|may i|is there any chance)\b)"
)
_ASK_GERUND = re.compile(
    r"^(?:(?:(?:would|do) you|you all|any of you) mind(?: awfully| terribly)?|(?:how|what) about|any chance of"
    r"|mind|fancy) (\w+)"
)
_CALL = re.compile(r"^(?:(?:hey|hi|hello|ok|alright|right|so|well|and|then|now|alexa|eh|assistant|roomtone) (?:, )?)+")
_REQUEST = re.compile(
    r"(?:can|could|would|will|do) you\b|(?:can|could|may|might) (?:i|we) (?:have|get|(?:just )?(?:trouble|bother"
    r"|ask|beg) you for)\b"
    r"|(?:can|could) (?:the|my|our|all|both|that|this|those|these) .+? (?:be|go|come)\b"
    r"|(?:, )?(?:please|(?:can|could|would|will) you)$|please"
)
# "Pause it for a second" is a figure of speech: nobody wants it to go on by itself a second later.
_A_MOMENT = re.compile(
    r"^((?:(?:can|could|would|will) you |please |just |(?:tell|ask|get) [a-z ]+? to )*(?:pause"
    r"|hold on|hang on|wait|hold|stop|mute|silence|freeze|quieten)\b.*?)"
    r" (?:(?:for|just) )*(?:a (?:moment|mo|tick|bit|while|minute)|1s|60s)(?= please$|$)"
)
# What is muted for a minute is heard again after it.
_MUTED = re.compile(r"\b(?:mute|silence)\b.* (?:60s|a minute)\b")
# "Light up the pantry for a sec": nobody counts that second.
_A_SECOND = re.compile(r" (?:(?:for|just) )+1s(?= please$|$)")


def is_request(text: str) -> bool:
    """Whether a question mark belongs to a polite request ("Could you turn on the lamp?")."""
    text = _PARDON.sub("", text)
    return bool(_REQUEST.match(_CALL.sub("", text)) or _REQUEST.search(text[-12:]))


def without_courtesy(text: str) -> str:
    """Take politeness off both ends, until nothing more comes off."""
    text = _PARDON.sub("", text)
    asked = _ASK_GERUND.match(text)
    if asked and asked[1] in _GERUND:
        text = _GERUND[asked[1]] + text[asked.end() :]
    text = _COULD_USE.sub(r"\1 need", text)
    text = _MAY_I_HAVE.sub("can i have", _WHAT_IS_WANTED.sub("i would like ", text))
    text = _WANTED_TONIGHT.sub(r"\1", _A_SECOND.sub("", _shortened(_YOU_WILL.sub(r"\1", text))))
    while True:
        shorter = _TAIL.sub("", _LEAD.sub("", text)).strip(" ,.?")
        if shorter == text:
            return text
        text = shorter


def _shortened(text: str) -> str:
    return text if _MUTED.search(text) else _A_MOMENT.sub(r"\1", text)
