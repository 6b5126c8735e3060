"""One conversation: turns, acting, answering, and the record of what happened."""
