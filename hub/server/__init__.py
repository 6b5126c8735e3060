"""The hub's doors: satellites over TLS, people and programs over HTTPS and the control socket."""
