"""The run contract: start, second start, stop, status, two homes, what dies comes back."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

from home import SOURCE, Home, TestCase, main, wait_for



class OneHome(TestCase):
    def test_ready_means_the_web_server_answers(self):
        self.assertIn(b"<html", self.home.get("/").body)

    def test_a_second_start_says_so_and_succeeds(self):
        done = self.home.script("--daemon")
        self.assertEqual(done.returncode, 0)
        self.assertIn("already running", done.stdout)
        self.assertIn(str(self.home.port), done.stdout)

    def test_status_names_every_process(self):
        said = self.home.script("status", check=False).stdout
        for name in self.home.processes():
            self.assertIn(name, said)

    def test_it_listens_on_loopback_only(self):
        addresses = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                address, port = columns[1].split(":")
                if columns[3] == "0A" and int(port, 16) == self.home.port:
                    addresses.add(address)
        self.assertLessEqual(addresses, {"0100007F", "00000000000000000000000001000000"})
        self.assertIn("0100007F", addresses)

    def test_postgresql_opens_no_port_and_keeps_every_commit(self):
        self.assertEqual(self.home.value("SHOW listen_addresses"), "")
        self.assertEqual(self.home.value("SHOW fsync"), "on")
        self.assertEqual(self.home.value("SHOW synchronous_commit"), "on")

    def test_nothing_runs_as_root(self):
        for name, process in self.home.processes().items():
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            self.assertNotEqual(re.search(r"^Uid:\s+\d+\s+(\d+)", status, re.M)[1], "0", name)

    def test_what_is_killed_comes_back(self):
        for name in [n for n in self.home.processes() if n != "supervisor"]:
            with self.subTest(name):
                old = self.home.kill(name)
                wait_for(lambda n=name, o=old: self.home.processes()[n].pid not in (0, o), f"{name} to come back")
        wait_for(lambda: self.home.get("/livez").status == 200, "answers again")

    def test_no_connection_is_refused_while_the_web_server_is_replaced(self):
        answers, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", self.home.port), timeout=20):
                        answers.append(True)
                except ConnectionRefusedError:
                    answers.append(False)
        asking = threading.Thread(target=ask)
        asking.start()
        old = self.home.kill("lighttpd")
        wait_for(lambda: self.home.processes()["lighttpd"].pid not in (0, old), "another lighttpd")
        wait_for(lambda: self.home.get("/").status == 200, "an answer")
        stop.set()
        asking.join()
        self.assertGreater(len(answers), 0)
        self.assertNotIn(False, answers)

    def test_the_port_of_another_is_named_with_its_holder(self):
        other = Home(port=self.home.port)
        done = other.script("--daemon", check=False)
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn(str(self.home.port), done.stderr)
        self.assertRegex(done.stderr, r"pid \d+")
        other.destroy()

    def test_two_homes_run_side_by_side(self):
        with_one = self.home.value("SELECT count(*) FROM budget.tenant")
        other = Home().start()
        self.assertEqual(other.get("/").status, 200)
        other.sql("INSERT INTO budget.tenant (tenant_id, name) VALUES (gen_random_uuid(), 'only here')")
        self.assertEqual(self.home.value("SELECT count(*) FROM budget.tenant"), with_one)
        other.stop()
        self.assertEqual(self.home.get("/").status, 200)
        other.destroy()


class Lives(TestCase):
    """Starts, ends and starts again; each test begins with a home that was made and does not run."""

    @classmethod
    def setUpClass(cls):
        cls.home = Home().start()
        cls.home.stop()

    def tearDown(self):
        self.home.script("stop")

    def wait_until_all_ended(self, processes):
        for process in processes.values():
            wait_for(lambda p=process.pid: not is_alive(p), f"{process.pid} to end")

    def test_after_stop_nothing_is_left(self):
        self.home.start()
        processes = self.home.processes()
        self.home.stop()
        self.assertEqual([p.pid for p in processes.values() if is_alive(p.pid)], [])
        self.assertEqual(self.home.script("status", check=False).returncode, 3)
        self.assertIn("not running", self.home.script("stop").stdout)

    def test_everything_dies_with_a_killed_supervisor(self):
        self.home.start()
        processes = self.home.processes()
        self.home.kill("supervisor")
        self.wait_until_all_ended(processes)

    def test_a_start_after_kill_9_of_all_recovers(self):
        self.home.start()
        self.home.sql("CREATE TABLE IF NOT EXISTS public.kept (n integer)")
        self.home.sql("INSERT INTO public.kept VALUES (1)")
        for process in self.home.processes().values():
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.home.start()
        self.assertNotEqual(self.home.value("SELECT count(*) FROM public.kept"), "0")

    def test_a_start_right_after_kill_9_of_the_supervisor_waits_for_the_old_processes(self):
        self.home.start()
        self.home.kill("supervisor")
        self.home.start()
        self.assertEqual(self.home.get("/").status, 200)

    def test_stale_pid_files_and_sockets_do_not_matter(self):
        pid = str(os.getpid())
        (self.home.folder / "pg/postmaster.pid").write_text(f"{pid}\n{self.home.folder}/pg\n1\n5432\n{self.home.run}\n\n 1 1\nready\n")
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock", "status.sock", "lock", "state"):
            path = self.home.run / name
            path.unlink(missing_ok=True)
            path.write_text(f"{pid}\n")
        self.home.start()
        self.assertEqual(self.home.get("/").status, 200)

    def test_the_foreground_stops_all_of_it_at_ctrl_c(self):
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([str(SOURCE / "run_budget.sh")], env=self.home.environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, cwd=str(self.home.folder), preexec_fn=reset_signals)
            wait_for(lambda: read(out).count("is ready"), "the foreground to be ready", 60)
            processes = self.home.processes()
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
            self.assertEqual([p.pid for p in processes.values() if is_alive(p.pid)], [])

    def test_a_killed_foreground_takes_all_of_it_along(self):
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([str(SOURCE / "run_budget.sh")], env=self.home.environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, cwd=str(self.home.folder))
            wait_for(lambda: read(out).count("is ready"), "the foreground to be ready", 60)
            processes = self.home.processes()
            process.kill()
            process.wait()
            self.wait_until_all_ended(processes)

    def test_destroy_asks_and_without_a_terminal_refuses(self):
        self.assertEqual(self.home.script("destroy", check=False).returncode, 64)
        self.assertTrue((self.home.folder / "pg").exists())

    def test_destroy_deletes_what_is_ours_and_keeps_the_rest(self):
        home = Home().start()
        (home.folder / "mine.txt").write_text("not yours")
        home.script("destroy", "--yes")
        self.assertEqual([p.name for p in home.folder.iterdir()], ["mine.txt"])
        home.destroy()


class Places(TestCase):
    """Homes in awkward places."""

    @classmethod
    def setUpClass(cls):
        cls.home = None

    @classmethod
    def tearDownClass(cls):
        pass

    def test_a_deep_home_works(self):
        root = Home()
        deep = root.folder.joinpath(*["a-rather-long-folder-name"] * 6)
        deep.mkdir(parents=True)
        home = Home(deep).start()
        self.assertEqual(home.get("/").status, 200)
        self.assertLess(len(str(home.run)), 90)
        home.script("destroy", "--yes")
        self.assertFalse(home.run.exists())
        root.destroy()

    def test_a_home_with_a_space_and_a_quote_works(self):
        root = Home()
        odd = root.folder / "my budget's home"
        odd.mkdir()
        home = Home(odd).start()
        self.assertEqual(home.get("/").status, 200)
        home.script("destroy", "--yes")
        root.destroy()

    def test_a_bad_port_is_said_in_one_line(self):
        for port in ("0", "65536", "http"):
            with self.subTest(port):
                home = Home(BUDGET_PORT=port)
                done = home.script("--daemon", check=False)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (78, 1), done.stderr)
                home.destroy()

    def test_production_without_keys_and_tls_prints_the_next_lines(self):
        home = Home(BUDGET_ENV="production")
        done = home.script("--daemon", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, rf"BUDGET_HOME={home.folder} BUDGET_PORT={home.port} \S+ --init-production")
        home.destroy()

    def test_another_address_than_loopback_needs_a_key(self):
        home = Home(BUDGET_BIND="0.0.0.0")
        done = home.script("--daemon", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("key", done.stderr)
        home.destroy()

    def test_an_unknown_word_is_wrong_usage(self):
        home = Home()
        self.assertEqual(home.script("--demon", check=False).returncode, 64)
        home.destroy()


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def read(file):
    file.seek(0)
    return file.read()


def reset_signals():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
