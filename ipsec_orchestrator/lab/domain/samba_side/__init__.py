"""Scripts that run under Debian's own Python, which has Samba's bindings.

They are started by path, with a JSON request on standard input (passwords never stand in an
argument list) and a JSON answer on standard output. They import nothing of this package, keep to
Python 3.10, and reach Samba's modules by name, since those exist neither in our environment nor
as type stubs.
"""
