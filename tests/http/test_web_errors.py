"""What the web server answers by itself is problem+json, like everything else."""
import http.client
import io
import socket
import urllib.parse

from home import Answer, TestCase, main


class WebErrors(TestCase):
    def raw(self, data):
        """Sends bytes as they are, returns status, content type and document."""
        with socket.create_connection(("127.0.0.1", self.home.port), timeout=20) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk

        class Fake:
            def makefile(self, *_):
                return io.BytesIO(received)
        response = http.client.HTTPResponse(Fake())
        response.begin()
        return Answer(response)

    def test_a_missing_file_is_404(self):
        self.assert_problem(self.home.get("/no/such/page"), 404)

    def test_a_denied_file_is_403(self):
        for path in ("/index.html~", "/README.md"):
            with self.subTest(path):
                self.assert_problem(self.home.get(path), 403)

    def test_a_name_under_api_may_end_like_a_denied_file(self):
        for name in ("notes.md", "backup~", "a.inc"):
            with self.subTest(name):
                answer = self.home.get(f"/api/v1/allocations/context/{name}")
                self.assertNotEqual(self.assert_problem(answer, 404)["type"], "about:blank", "the program's answer")

    def test_garbage_is_400(self):
        self.assert_problem(self.raw(b"GARBAGE\r\n\r\n"), 400)

    def test_a_request_without_host_is_400(self):
        self.assert_problem(self.raw(b"GET / HTTP/1.1\r\n\r\n"), 400)

    def test_a_bad_header_is_400(self):
        self.assert_problem(self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n"), 400)

    def test_a_bad_content_length_is_400(self):
        self.assert_problem(self.raw(b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"), 400)

    def test_an_unknown_version_is_505(self):
        self.assert_problem(self.raw(b"GET / HTTP/7.0\r\nHost: localhost\r\n\r\n"), 505)

    def test_a_body_without_length_is_411(self):
        self.assert_problem(self.raw(b"POST /index.html HTTP/1.0\r\nHost: localhost\r\n\r\n"), 411)

    def test_curl_without_a_body_is_told_how(self):
        answer = self.raw(b"POST /api/v1/alerts/check HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn("-d ''", self.assert_problem(answer, 411)["detail"])

    def test_a_long_header_is_431(self):
        self.assert_problem(self.home.get("/", headers={"X-Long": "x" * 20000}), 431)

    def test_a_long_path_is_431(self):
        self.assert_problem(self.home.get("/" + "x" * 20000), 431)

    def test_a_body_over_the_largest_limit_is_413(self):
        self.assert_problem(self.raw(b"POST /api/v1/usage/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"), 413)

    def test_a_method_nobody_knows_is_501(self):
        for method in ("TRACE", "BREW"):
            with self.subTest(method):
                self.assert_problem(self.home.request(method, "/"), 501)

    def test_a_range_behind_the_end_is_416(self):
        self.assert_problem(self.home.get("/index.html", headers={"Range": "bytes=9999999-"}), 416)

    def test_a_path_cannot_leave_the_pages(self):
        for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/" + urllib.parse.quote("\\..\\x")):
            with self.subTest(path):
                self.assertIn(self.home.get(path).status, (400, 404))

    def test_pages_carry_the_security_headers(self):
        headers = self.home.get("/").headers
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertIn("require-trusted-types-for 'script'", headers["Content-Security-Policy"])


if __name__ == "__main__":
    main()
