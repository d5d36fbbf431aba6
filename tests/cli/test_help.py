"""Help teaches: every command has it, with an example, and every example can be read by the parser."""
import re
import shlex
import unittest

from command import run


def commands_of(text):
    return re.findall(r"^  ([a-z-]+)\s", text.split("Commands:\n")[1].split("\n\n")[0], re.M)


class Help(unittest.TestCase):
    def help(self, *words):
        ran = run(*words)
        self.assertEqual((ran.code, ran.err), (0, ""), words)
        return ran.out

    def every_command(self):
        for noun in commands_of(self.help("--help")):
            if noun in ("db", "settings", "spool"):  # these print their own help
                continue
            text = self.help(noun, "--help")
            if "Commands:\n" in text:
                for verb in commands_of(text):
                    yield (noun, verb)
            else:
                yield (noun,)

    def test_every_command_explains_itself_with_an_example_that_parses(self):
        for words in self.every_command():
            with self.subTest(words):
                text = self.help(*words, "--help")
                self.assertIn("Usage: budget " + " ".join(words), text)
                self.assertEqual(self.help("help", *words), text)
                if "later release" in text:
                    continue
                example = text.split("Example:\n")[1]
                for line in example.strip().splitlines():
                    if not line.strip().startswith("budget "):
                        continue
                    parts = shlex.split(re.split(r" (?:>|&&) ", line)[0])[1:]
                    self.assertEqual(tuple(parts[:len(words)]), words)
                    ran = run(*parts, url="http://127.0.0.1:1", stdin="{}")
                    self.assertIn(ran.code, (69, 74), ran.err)  # read, and then nobody is there (or no such file)

    def test_the_exit_codes_are_listed(self):
        text = self.help("--help")
        for code in (0, 2, 64, 65, 66, 69, 70, 73, 74, 75, 77):
            self.assertRegex(text, rf"(?m)^ +{code}  \w")

    def test_help_has_three_doors(self):
        self.assertEqual(self.help("--help"), self.help("help"))
        self.assertEqual(self.help("-h"), self.help("help"))
        self.assertEqual(self.help("limits", "-h"), self.help("help", "limits"))

    def test_lines_fit_a_terminal(self):
        for words in [(), *self.every_command()]:
            for line in self.help(*words, "--help").splitlines():
                self.assertLessEqual(len(line), 110, line)

    def test_completion_knows_the_words(self):
        for words, wanted in ((["lim"], ["limits"]), (["budgets", "t"], ["tree"]),
                              (["--format", ""], ["table", "json", "csv"]),
                              (["limits", "list", "--p"], ["--period", "--provider"]),
                              (["usage", "list", "--al"], ["--all", "--allocation-id"]),
                              (["prices", "set", "a", "m", "--per", ""], ["token", "1k", "1m"]),
                              (["nonsense", "x"], [])):
            self.assertEqual(sorted(self.help("__complete", *words).split()), sorted(wanted), words)
        self.assertIn("status", self.help("__complete", "").split())

    def test_version(self):
        self.assertRegex(self.help("--version"), r"^budget \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
