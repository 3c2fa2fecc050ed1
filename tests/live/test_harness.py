"""The harness itself, without an engine: where it could pass although something is wrong.

`python3 -m unittest discover --start-directory tests/live`
"""

import importlib
import re
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from harness import dotenv, network, report, sabotage
from harness.engine import REPOSITORY
from harness.expectations import Sabotage
from harness.footprint import Footprint
from harness.images import RECIPES, Images, Recipe, bases_of
from harness.policies import CHAIN, Cluster, block
from harness.report import Report
from harness.scenario import expect_equal
from harness.shell import Failure, Shell, until

VERIFIED = """\
ok    allow  web -> api:8000
ok    deny   web -> db:5432
skip  deny   db -> internet:443 (nothing here reaches the internet)
ok    allow  host -> web:80
ok    deny   host -> db:5432
4 ok, 0 failed, 1 skipped
"""


@contextmanager
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


class Reports(unittest.TestCase):
    def failed(self) -> Report:
        failed = Report("capstone", quiet=True)
        with failed.step("render"):
            pass
        with self.assertRaises(Failure), failed.step("up"):
            raise Failure("kafka is \x1b[31munhealthy\nits log")
        return failed

    def test_a_step_that_fails_is_a_failure_everywhere(self):
        failed = self.failed()
        self.assertFalse(failed.passed)
        self.assertIn("FAILED: 1 of 2 steps", failed.text())
        (failure,) = failed.junit().iter("failure")
        self.assertEqual(failure.get("message"), "kafka is [31munhealthy")
        self.assertEqual(failed.junit().get("failures"), "1")

    def test_an_interrupt_is_a_failure_too(self):
        interrupted = Report("capstone", quiet=True)
        with self.assertRaises(KeyboardInterrupt), interrupted.step("up"):
            raise KeyboardInterrupt
        self.assertFalse(interrupted.passed)

    def test_nothing_tried_is_not_passed(self):
        self.assertFalse(Report("capstone").passed)

    def test_both_files_are_written(self):
        with folder() as path:
            report.write([self.failed()], path)
            self.assertIn("FAIL", (path / "report.txt").read_text())
            self.assertIn("<failure", (path / "junit.xml").read_text())


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.shell = Shell(Path(self.folder.name) / "transcript.log")

    def test_a_command_that_fails_is_a_failure_with_what_it_said(self):
        for call in (self.shell.run, self.shell.ask):
            with self.assertRaisesRegex(Failure, "(?s)ended with 3.*no such thing"):
                call("sh", "-c", "echo no such thing >&2; exit 3")

    def test_a_command_that_hangs_is_ended(self):
        with self.assertRaisesRegex(Failure, "did not end within 1 s"):
            self.shell.run("sh", "-c", "sleep 60", timeout=1)

    def test_waiting_ends_with_the_message(self):
        with self.assertRaisesRegex(Failure, "still nothing"):
            until(lambda: False, 0.01, lambda: "still nothing", pause=0.01)

    def test_a_variable_reaches_the_command_and_not_the_transcript(self):
        self.assertEqual(self.shell.ask("sh", "-c", "echo ${#PASSWORD}", PASSWORD="hunter2"), "7")
        self.assertNotIn("hunter2", self.shell.transcript.read_text())


class Network(unittest.TestCase):
    def refused(self, output: str, message: str):
        with self.assertRaisesRegex(Failure, message):
            network.judge(output)

    def test_what_holds_is_counted_and_what_was_skipped_is_said(self):
        said = network.judge(VERIFIED)
        self.assertIn("1 deny from inside", said)
        self.assertIn("db -> internet:443 (nothing here reaches the internet)", said)

    def test_one_failure_is_enough(self):
        self.refused(VERIFIED + "FAIL  deny   web -> db:5432 (it connects)\n", "it connects")

    def test_every_kind_of_probe_is_needed(self):
        for line in VERIFIED.splitlines()[:2] + VERIFIED.splitlines()[3:5]:
            self.refused(VERIFIED.replace(line + "\n", ""), "made no probe")

    def test_no_output_is_no_success(self):
        self.refused("", "made no probe")

    def test_lines_that_are_not_read_do_not_go_unnoticed(self):
        self.refused(VERIFIED.replace("4 ok", "5 ok"), "miscounted")


class Secrets(unittest.TestCase):
    def test_every_value_is_read_as_it_was_written(self):
        with folder() as path:
            env = path / ".env"
            env.write_text('# made\nDB_PASSWORD="abc"\nAPP_DB_PASSWORD="abc"\n')
            dotenv.change(env, {"DB_PASSWORD": dotenv.NASTY})
            self.assertEqual(dotenv.values(env), {"DB_PASSWORD": dotenv.NASTY, "APP_DB_PASSWORD": "abc"})
            self.assertIn(r'DB_PASSWORD="p@/:%#?\"' + r"'\$\\ é" + '"\n', env.read_text())

    def test_a_variable_that_is_not_there_is_not_changed(self):
        with folder() as path:
            (path / ".env").write_text('DB_PASSWORD="abc"\n')
            with self.assertRaises(ValueError):
                dotenv.change(path / ".env", {"PASSWORD": "x"})


class LeftBehind(unittest.TestCase):
    BEFORE = Footprint(frozenset({"mine"}), frozenset({"bridge"}), frozenset(), frozenset())

    def test_something_left_or_gone_is_said_by_name(self):
        for now, message in (
            (
                Footprint(frozenset({"mine", "kafka"}), frozenset({"bridge"}), frozenset(), frozenset()),
                "left behind among the containers: kafka",
            ),
            (Footprint(frozenset(), frozenset({"bridge"}), frozenset(), frozenset()), "gone from the containers: mine"),
            (self.BEFORE.plus({"data"}), "left behind among the volumes: data"),
        ):
            with self.assertRaisesRegex(Failure, message):
                now.expect(self.BEFORE)

    def test_a_volume_that_should_have_stayed_is_missed(self):
        with self.assertRaisesRegex(Failure, "gone from the volumes: data"):
            self.BEFORE.expect(self.BEFORE.plus({"data"}))

    def test_another_container_under_the_same_name_is_noticed(self):
        with self.assertRaisesRegex(Failure, "another container of kafka"):
            expect_equal("container", {"kafka": "1", "redis": "2"}, {"kafka": "3", "redis": "2"})
        with self.assertRaisesRegex(Failure, "another start of kafka"):
            expect_equal("start", {"kafka": "1"}, {})


class Faults(unittest.TestCase):
    FAULT = Sabotage("a wrong port", "docker-compose.yml", "kafka", old="9092", new="9093", step="up", says="kafka is unhealthy")

    def test_a_failure_elsewhere_or_without_the_place_does_not_count(self):
        self.assertEqual(sabotage.found(self.FAULT, "up", "so: kafka is unhealthy"), "up: kafka is unhealthy")
        with self.assertRaisesRegex(Failure, "failed in the step render"):
            sabotage.found(self.FAULT, "render", "kafka is unhealthy")
        with self.assertRaisesRegex(Failure, "without saying"):
            sabotage.found(self.FAULT, "up", "exit status 1")

    def test_the_fault_is_put_into_one_service(self):
        text = "services:\n  db:\n    port: 9092\n\n  kafka:\n    port: 9092\n\nvolumes: {}\n"
        changed = self.edited(text)
        self.assertEqual(changed, text.replace("kafka:\n    port: 9092", "kafka:\n    port: 9093"))

    def test_a_fault_that_changes_nothing_is_not_one(self):
        for text in ("services:\n  db:\n    port: 9092\n", "services:\n  kafka:\n    port: 1\n", "  kafka:\n    a: 9092\n    b: 9092\n"):
            with self.assertRaises(Failure):
                self.edited(text)

    def edited(self, text: str) -> str:
        with folder() as path:
            file = path / self.FAULT.file
            file.write_text(text)
            sabotage.edit_service(path, self.FAULT)
            return file.read_text()


class Recipes(unittest.TestCase):
    def test_the_base_of_a_dockerfile_follows_its_arguments(self):
        text = "ARG VERSION=1.0\nFROM a/b:${VERSION} AS jars\nFROM c:$VERSION\nARG VERSION=2\nFROM jars\n"
        self.assertEqual(bases_of(text, {}), {"a/b:1.0", "c:1.0"})
        self.assertEqual(bases_of(text, {"VERSION": "3"}), {"a/b:3", "c:3"})

    def test_every_recipe_says_how_it_differs_and_what_is_inside(self):
        for path in RECIPES.rglob("Dockerfile"):
            recipe = Recipe(f"{path.parent.relative_to(RECIPES)}:tag")
            self.assertGreater(len(recipe.difference()), 40, path)
            self.assertRegex(recipe.dockerfile(), r'LABEL live.kind=(real|stand-in) live.version="', path)

    def test_another_tag_or_base_is_another_image(self):
        redis = Recipe("redis:7.2")
        self.assertEqual(redis.digest(["debian 1"]), redis.digest(["debian 1"]))
        self.assertNotEqual(redis.digest(["debian 1"]), redis.digest(["debian 2"]))
        self.assertNotEqual(redis.digest(["debian 1"]), Recipe("redis:7.4").digest(["debian 1"]))

    def test_an_image_of_the_user_is_never_replaced(self):
        for status, label, foreign in ((0, "\n", True), (0, "4784e5710fc0cf8a\n", False), (1, "no such image", False)):
            shell = SimpleNamespace(attempt=lambda *_, answer=(status, label): answer)
            self.assertEqual(Images(Path("/nowhere"), shell).is_foreign("redis:7.2"), foreign)

    def test_an_image_without_a_recipe_says_what_to_write(self):
        with self.assertRaisesRegex(Failure, "write tests/live/images/mysql/Dockerfile"):
            Recipe("mysql:9").dockerfile()


class Blueprints(unittest.TestCase):
    """The expectations against what is rendered today."""

    def each(self):
        for path in sorted(Path(__file__).parent.glob("blueprints/*/expectations.py")):
            name = path.parent.name
            with self.subTest(name):
                rendered = REPOSITORY / "golden" / name / "compose"
                yield name, importlib.import_module(f"blueprints.{name}.expectations").EXPECTATIONS, rendered

    def test_there_is_a_recipe_for_every_image(self):
        for _, _, rendered in self.each():
            images = re.findall(r"image: (\S+)$", "".join(file.read_text() for file in rendered.glob("*compose.yml")), re.MULTILINE)
            for image in images:
                if not image.endswith(":local"):
                    Recipe(image).dockerfile()

    def test_every_fault_has_its_place(self):
        for _, expectations, rendered in self.each():
            for fault in expectations.sabotages:
                text = (rendered / fault.file).read_text()
                with folder() as path:
                    (path / fault.file).write_text(text)
                    sabotage.edit_service(path, fault)
                    self.assertNotEqual((path / fault.file).read_text(), text)

    def test_every_name_is_one_of_the_blueprint(self):
        for name, expectations, rendered in self.each():
            known = set(re.findall(r"^(\w+)=", (rendered / ".env.example").read_text(), re.MULTILINE))
            self.assertLessEqual(expectations.kept | expectations.changed, known)
            self.assertEqual((REPOSITORY / "blueprints" / f"{name}.yml").read_text().count(expectations.file[0]), 1)
            for file in expectations.alone:
                self.assertTrue((rendered / file).exists())


class Policies(unittest.TestCase):
    def rules(self, *policies: dict) -> list[str]:
        def pod(name: str, address: str) -> dict:
            metadata = {"name": name, "namespace": "a", "labels": {"app": name}}
            return {"kind": "Pod", "metadata": metadata, "status": {"podIP": address, "phase": "Running"}}

        namespace = {"kind": "Namespace", "metadata": {"name": "a", "labels": {"name": "a"}}}
        objects = [namespace, pod("web", "10.0.0.1"), pod("db", "10.0.0.2"), *policies]
        return Cluster(objects).rules().splitlines()

    def policy(self, **spec) -> dict:
        return {"kind": "NetworkPolicy", "metadata": {"name": "one", "namespace": "a"}, "spec": spec}

    def test_without_a_policy_nothing_is_dropped(self):
        self.assertFalse(any("DROP" in rule for rule in self.rules()))

    def test_a_closed_pod_lets_in_what_a_rule_names_and_no_more(self):
        way = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432, "protocol": "TCP"}]}
        rules = self.rules(self.policy(podSelector={"matchLabels": {"app": "db"}}, policyTypes=["Ingress"], ingress=[way]))
        chain = f"{CHAIN}-I-10.0.0.2"
        wanted = [f"-A {chain} -s 10.0.0.1 -p tcp --dport 5432 -j RETURN", f"-A {chain} -j DROP", f"-A {CHAIN} -d 10.0.0.2 -j {chain}"]
        self.assertEqual([rule for rule in rules if chain in rule and rule.startswith("-A")], wanted)
        self.assertFalse(any("-d 10.0.0.1" in rule for rule in rules), "web is open")

    def test_who_is_in_another_namespace_is_nobody_without_a_word_of_it(self):
        elsewhere = {"to": [{"namespaceSelector": {"matchLabels": {"name": "b"}}}]}
        rules = self.rules(self.policy(podSelector={}, policyTypes=["Egress"], egress=[elsewhere]))
        answers = f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
        self.assertEqual([rule for rule in rules if "RETURN" in rule], [answers])

    def test_a_range_is_left_without_its_exceptions(self):
        self.assertEqual(block({"cidr": "10.0.0.0/30", "except": ["10.0.0.0/31"]}), ["10.0.0.2/31"])
        self.assertEqual(block({"cidr": "10.0.0.0/30", "except": ["11.0.0.0/8"]}), ["10.0.0.0/30"])
        self.assertEqual(block({"cidr": "::/0"}), [])


if __name__ == "__main__":
    unittest.main()
