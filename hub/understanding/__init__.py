"""From words to actions. Pure: no I/O, no clock; a house and sentences in, actions and answers out."""
