"""Checks of the experiment itself: python3 -m unittest discover Benchmarks/personal"""

import hashlib
import json
import pathlib
import tempfile
import unittest
from xml.etree import ElementTree

from PIL import Image

import cells
import chart
import folders
import goal_table
import intervals
import measure
import protocol
import report
import results
from cache import Cache
from cells import Cell
from results import Results, Row

CLASSES = ["ant", "bee", "cat", "dog"]


def made(root, pool=protocol.POOL):
    """Pictures as CIFAR-100 lies there, of four classes; every one has a colour of its own."""
    for part, count in [("train", pool + 20), ("test", 6)]:
        for name in CLASSES:
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                colour = (number, CLASSES.index(name) * 60, 200)
                Image.new("RGB", (4, 4), colour).save(root / part / name / f"{name}_{part}_{number}.png")
    personas = {"superclasses": {"small": CLASSES[:2], "large": CLASSES[2:]}, "personas": {"both": ["small", "large"]}}
    (root / "personas.json").write_text(json.dumps(personas))
    return root


class WithPictures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = made(pathlib.Path(folder.name) / "data")
        self.root = pathlib.Path(folder.name) / "person"


class Protocol(WithPictures):
    def test_the_pool_is_last_in_the_order_of_digests(self):
        names = [path.name for path in (self.data / "train" / "ant").iterdir()]
        ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        self.assertEqual([path.name for path in protocol.pool(self.data, "ant")], ordered[20:])
        self.assertNotEqual(ordered, sorted(names))

    def test_draws_are_repeated_nested_and_differ_by_seed(self):
        few, many = (protocol.draw(self.data, "ant", count, 3) for count in (5, 20))
        self.assertEqual(few, protocol.draw(self.data, "ant", 5, 3))
        self.assertEqual(few, many[:5])
        self.assertEqual(len(set(many)), 20)
        self.assertNotEqual(many, protocol.draw(self.data, "ant", 20, 4))

    def test_the_whole_pool_is_drawn_once(self):
        self.assertEqual(list(protocol.seeds(protocol.POOL, 5)), [0])
        self.assertEqual(list(protocol.seeds(20, 3)), [0, 1, 2])

    def test_shifted_people_take_turns(self):
        found = protocol.people(self.data, "shifted")
        self.assertEqual(len({person.name for person in found}), 2 * 4)
        self.assertEqual([person.shift for person in found[:2]], ["rotated", "dark"])

    def test_groups_have_the_classes_of_their_superclasses(self):
        (both,) = protocol.people(self.data, "group")
        self.assertEqual(both.classes, tuple(CLASSES))


class Layout(WithPictures):
    def person(self, kind="superclass"):
        return folders.Folders(self.data, protocol.people(self.data, kind)[0], self.root)

    def shown(self, folder):
        return {path.resolve() for path in folder.rglob("*.png")}

    def test_training_and_test_pictures_are_disjoint(self):
        person = self.person()
        test = self.shown(person.test())
        self.assertEqual(len(test), 2 * 6)
        for folder in (person.labelled(100, 0), person.unlabelled(100, 0), person.pool(), *person.fifth(100, 0)):
            self.assertTrue(self.shown(folder))
            self.assertFalse(self.shown(folder) & test)

    def test_a_fifth_has_labels_and_the_others_none(self):
        person = self.person()
        labelled, others = person.fifth(20, 0)
        self.assertEqual(len(self.shown(labelled)), 2 * 4)
        self.assertEqual(len(self.shown(others)), 2 * 16)
        self.assertFalse(self.shown(labelled) & self.shown(others))
        self.assertEqual(self.shown(labelled) | self.shown(others), self.shown(person.labelled(20, 0)))

    def test_names_without_labels_tell_nothing(self):
        folder = self.person().unlabelled(20, 0)
        paths = sorted(folder.iterdir())
        self.assertEqual([path.name for path in paths], [f"{number:05}.png" for number in range(40)])
        classes = [path.resolve().parent.name for path in paths]
        self.assertNotEqual(classes, sorted(classes))

    def test_without_labels_nobody_has_ordinary_pictures(self):
        person = self.person()
        shown = self.shown(person.unlabelled(100, 0))
        self.assertEqual(len(shown), 2 * 50)
        for name in person.person.classes:
            ordinary = {path.resolve() for path in protocol.pool(self.data, name)[:50]}
            self.assertEqual(len(ordinary & self.shown(person.pool())), 50)
            self.assertFalse(ordinary & shown)

    def test_all_pictures_of_a_shifted_person_are_shifted(self):
        person = self.person("shifted")
        person.person = protocol.Person("shifted", "small, inverted", ("ant",), "inverted")
        for folder, part in [
            (person.test(), "test"),
            (person.labelled(5, 0), "train"),
            (person.unlabelled(5, 0), "train"),
        ]:
            for path in folder.rglob("*.png"):
                original = self.data / part / "ant" / path.resolve().name
                with Image.open(path) as taken, Image.open(original) as picture:
                    expected = tuple(255 - level for level in picture.getpixel((0, 0)))
                    self.assertEqual(taken.getpixel((0, 0)), expected)


class Figures(unittest.TestCase):
    def test_intervals_are_students(self):
        self.assertIsNone(intervals.half_width([0.5]))
        # Four people, standard deviation 2: 3.182 * 2 / sqrt(4).
        values = [1 - 3**0.5, 1 - 3**0.5, 1 + 3**0.5, 1 + 3**0.5]
        self.assertAlmostEqual(intervals.half_width(values), 3.182, places=9)
        self.assertEqual(intervals.show([0.5]), "50.0")
        self.assertEqual(intervals.show([0.4, 0.6]), "50.0 ± 127.1")

    def test_chance_grows_with_fewer_pictures(self):
        self.assertAlmostEqual(intervals.chance_below(0.5, 100), 0.5 - 1.645 * 0.05)
        self.assertLess(intervals.chance_below(0.7, 100), intervals.chance_below(0.7, 1000))

    def test_a_stopped_run_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "new" / "figures.jsonl"
            first, second = Cell("superclass", "small", cells.BASE), Cell("superclass", "small", cells.LABELS, 5)
            Cache(path).put(first, "one", {"images": 3})
            with path.open("a") as file:
                file.write('\n{"cell": {"kind": "super')
            Cache(path).put(second, "one", {"images": 4})
            kept = Cache(path)
            self.assertEqual(kept.get(first, "one"), {"images": 3})
            self.assertEqual(kept.get(second, "one"), {"images": 4})
            self.assertIsNone(kept.get(first, "another program"))

    def test_what_others_need_is_measured_first(self):
        person = protocol.Person("superclass", "small", ("ant", "bee"))
        found = cells.cells(person, [5, 100], 2, "abcd", True)
        self.assertEqual(len(found), len(set(found)))
        aimed = next(position for position, cell in enumerate(found) if cell.goal == cells.ACCURACY)
        self.assertLess(found.index(Cell("superclass", "small", cells.AIM)), aimed)
        self.assertFalse([cell for cell in found if cell.samples == 100 and cell.seed])
        self.assertFalse([cell for cell in cells.cells(person, [5], 1, "a", True) if cell.method == cells.FINETUNED])


def figures(accuracy, policy, **more):
    exits = {"1": accuracy - 0.2, "2": accuracy, "final": accuracy}
    return {
        "images": 100,
        "accuracy": exits,
        "share": {"1": 0.1, "2": 1.0, "final": 1.0},
        "last": accuracy,
        "full_ms": 2.0,
        "policy": {"accuracy": policy, "share": 0.5, "ms": 1.0},
        **more,
    }


def evaluated(exits, last_resort, heads):
    """What pexeval reports so far as it says what answers last."""
    return {
        "exits": [{"exit": exit, "accuracy": accuracy} for exit, accuracy in exits],
        "heads": [
            {
                "heads": heads,
                "is_reference": False,
                "last_resort": None if last_resort is None else {"accuracy": last_resort},
            },
            {"heads": None, "is_reference": True, "last_resort": {"accuracy": 0.1}},
        ],
    }


class LastAnswers(unittest.TestCase):
    def test_the_base_model_answers_without_heads(self):
        self.assertEqual(measure.last_accuracy(evaluated([(8, 0.7), ("final", 0.6)], None, None)), 0.6)

    def test_the_classifier_told_the_classes_answers_where_heads_say_so(self):
        self.assertEqual(measure.last_accuracy(evaluated([(8, 0.7), ("final", 0.6)], 0.8, "a.pexhead")), 0.8)

    def test_else_the_deepest_head_does(self):
        self.assertEqual(measure.last_accuracy(evaluated([(8, 0.7), (10, 0.9), ("final", 0.6)], None, "a.pexhead")), 0.9)


class Tables(unittest.TestCase):
    def setUp(self):
        self.results = Results({"superclass": ["small", "large"]}, [5], 2)
        trained = {"seconds": {"features": 1, "heads": 2}, "megabytes": 10, "bytes": 640, "meets_goal": True, "target": 0.6}
        for person, base in [("small", 0.5), ("large", 0.7)]:
            self.results.put(Cell("superclass", person, cells.BASE), figures(base, base))
            for seed in range(2):
                row = figures(base + 0.1 + seed * 0.02, 0.62 if person == "small" else 0.4, **trained)
                self.results.put(Cell("superclass", person, cells.LABELS, 5, seed), row)
                self.results.put(Cell("superclass", person, cells.LABELS, 5, seed, cells.ACCURACY), row)
                self.results.put(Cell("superclass", person, cells.PROTOTYPE, 5, seed), {"refused": "no"})

    def test_seeds_are_averaged_and_gains_are_paired(self):
        row = Row(cells.LABELS, 5)
        deepest = results.last_accuracy
        for found, expected in zip(self.results.values("superclass", row, deepest), [0.61, 0.81], strict=True):
            self.assertAlmostEqual(found, expected)
        for gain in self.results.gains("superclass", row, deepest, Row(cells.BASE), results.final_accuracy):
            self.assertAlmostEqual(gain, 0.11)

    def test_misses_are_counted(self):
        self.assertIn("| superclass | 5 | 4 | 4 | 2 (50 %) | 2 (50 %) | 0 | 0 |", goal_table.goals(self.results))

    def test_rows_of_a_table_are_as_long_as_its_title(self):
        text = report.markdown(self.results, "a machine", "chart.svg")
        self.assertNotIn("| prototypes |", text)
        self.assertIn("- prototypes, 4 times: no", text)
        for block in text.split("\n\n"):
            widths = {line.count(" |") for line in block.splitlines() if line.startswith("|")}
            self.assertLessEqual(len(widths), 1, block)

    def test_the_chart_is_well_formed(self):
        self.assertEqual(ElementTree.fromstring(chart.svg(self.results)).tag, "{http://www.w3.org/2000/svg}svg")


if __name__ == "__main__":
    unittest.main()
