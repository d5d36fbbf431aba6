"""A web server that answers what a test tells it to, and remembers what it was asked.

For what the real service cannot be made to say on demand: lost connections,
other people's HTML, long lists, any status.
"""
import http.server
import io
import json
import socket
import threading

HANG_UP = "hang up"


class Stub:
    """with Stub() as stub: stub.answer("GET", "/api/v1/limits", {...}); run("limits", "list", url=stub.url)"""

    def __init__(self):
        self.answers = {}
        self.requests = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                stub.requests.append(Request(self.command, self.path, dict(self.headers), body))
                bare = self.path.split("?")[0]
                answer = stub.answers.get((self.command, self.path)) or stub.answers.get((self.command, bare))
                if callable(answer):
                    answer = answer(stub.requests[-1])
                if answer is None:
                    answer = problem(404, "not_found", f"There is nothing at {self.path}.")
                if answer == HANG_UP:
                    self.close_connection = True
                    self.wfile = io.BytesIO()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, text = answer
                data = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, method, path, body, status=200, headers=None):
        """body: an object, sent as JSON; a str, sent as it is; what reply() or problem() made; a callable(request) that
        makes one; HANG_UP."""
        if callable(body) or isinstance(body, tuple) or body == HANG_UP:
            self.answers[method, path] = body
        else:
            self.answers[method, path] = reply(body, status, headers)

    @property
    def last(self):
        return self.requests[-1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def json(self):
        return json.loads(self.body, parse_float=str, parse_int=str)


def reply(body, status=200, headers=None):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return status, {"Content-Type": "application/json", **(headers or {})}, text


def problem(status, code, detail, errors=(), headers=None, **more):
    body = {"type": f"urn:budget:problem:{code}", "title": "No", "status": status, "detail": detail, "code": code,
            "errors": [{"pointer": p, "detail": d} for p, d in errors], "error": detail, **more}
    return reply(body, status, {"Content-Type": "application/problem+json", **(headers or {})})
