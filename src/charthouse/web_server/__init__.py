"""The web server: HTTP/1 over threads that share one epoll, in processes that the main one forks.

A request is read whole before a thread runs it, and an answer is written when its reader takes it, so that a slow
caller holds no thread (docs/decisions/0365-web-server.md). ``parsing`` reads heads and chunks, ``storage`` bounds what
waits in memory and on disk, ``connections`` and ``answers`` are one connection, ``event_loop`` all of a process,
``workers`` the processes. Only ``serving`` knows what is served.
"""
