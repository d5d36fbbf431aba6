"""The page: served with what it needs, and with what keeps others out."""
import pathlib
import re

from home import SOURCE, TestCase, main

WWW = pathlib.Path(SOURCE) / "www"
BANNED = r"createElement|appendChild|insertAdjacent|outerHTML|document\.write|\beval\(|new Function"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Page(TestCase):
    def test_every_file_is_served_with_its_type_and_the_policy(self):
        for path in sorted(WWW.rglob("*.*")):
            if path.suffix in TYPES:
                with self.subTest(path.name):
                    answer = self.home.get("/" + str(path.relative_to(WWW)))
                    self.assertEqual((answer.status, answer.headers.get_content_type()), (200, TYPES[path.suffix]))
                    policy = answer.headers["Content-Security-Policy"]
                    for words in ("default-src 'none'", "require-trusted-types-for 'script'",
                                  "trusted-types budget-html"):
                        self.assertIn(words, policy)
                    self.assertNotIn("unsafe", policy)
                    self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def test_what_the_page_links_to_answers(self):
        page = self.home.get("/").text
        for link in sorted(set(re.findall(r'(?:href|src)="([^"#]+)"', page))):
            with self.subTest(link):
                self.assertEqual(self.home.get("/" + link).status, 200)
        for name in re.findall(r'from "(\.[^"]+)"', "".join(path.read_text() for path in (WWW / "js").glob("*.js"))):
            self.assertTrue((WWW / "js" / name).exists(), name)

    def test_the_page_carries_the_marks_tekton_looks_for(self):
        page = self.home.get("/").text
        for mark in ('data-tekton-area="budget"', 'data-tekton-component="budget"',
                     'data-tekton-type="component-workspace"',
                     'data-tekton-zone="header"', 'data-tekton-zone="menu"', 'data-tekton-zone="content"',
                     'data-tekton-zone="footer"',
                     'data-tekton-menu-item="Dashboard"', 'data-tekton-panel="dashboard-panel"'):
            self.assertIn(mark, page)

    def test_markup_has_one_way_into_the_page(self):
        scripts = {path: path.read_text() for path in (WWW / "js").rglob("*.js")}
        self.assertEqual(sum(text.count(".innerHTML") for text in scripts.values()), 1)
        for path, text in scripts.items():
            with self.subTest(path.name):
                self.assertIsNone(re.search(BANNED, text))
        for path in WWW.rglob("*.html"):
            text = path.read_text()
            self.assertIsNone(re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text), path)


main()
