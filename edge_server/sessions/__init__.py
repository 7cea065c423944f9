"""Connected clients and their streams. Pure: no sockets, no Flask, no gevent."""
