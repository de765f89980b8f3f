"""Checks of the harness itself: python -m unittest discover Conformance"""

import pathlib
import tempfile
import unittest

import numpy
from onnx import TensorProto, helper

import cases
import expectations
import report
from cases import Case
from programs import Fault, Outcome, Refusal, Verdict, judge, outcome, run


def gemm(names=("x", "w", "b")):
    """A model of one Gemm that is fed all of its inputs."""
    entries = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 2]) for name in names]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])
    return helper.make_model(helper.make_graph([helper.make_node("Gemm", names, ["y"])], "g", entries, [output]))


def square(value, dtype=numpy.float32):
    return numpy.full((2, 2), value, dtype)


class Cases(unittest.TestCase):
    def test_weights_become_stored_tensors(self):
        model = gemm()
        case = cases.as_stored("node.gemm", model, [square(1), square(2), square(3)], [square(4)], 1e-3, 1e-5)
        self.assertEqual(list(case.inputs), ["x"])
        self.assertEqual([tensor.name for tensor in case.model.graph.initializer], ["w", "b"])
        self.assertEqual([entry.name for entry in case.model.graph.input], ["x"])
        self.assertEqual(list(case.outputs), ["y"])
        self.assertEqual(case.operators, ["Gemm"])

    def test_what_is_not_of_networks_is_not_taken(self):
        def reason(inputs, outputs):
            with self.assertRaises(cases.NotACase) as caught:
                cases.as_stored("node.gemm", gemm(), inputs, outputs, 1e-3, 1e-5)
            return str(caught.exception)

        weights = [square(2), square(3)]
        self.assertIn("left out", reason(weights, [square(4)]))
        self.assertIn("f32", reason([square(1, numpy.float64)] + weights, [square(4)]))
        self.assertIn("f32", reason([numpy.zeros((0, 2), numpy.float32)] + weights, [square(4)]))
        self.assertIn("output", reason([square(1)] + weights, [square(4, numpy.bool_)]))

    def test_the_package_has_the_cases_that_the_list_is_about(self):
        names = [case.name for case in cases.light_cases()]
        self.assertEqual(len(names), 9)
        self.assertIn("light.light_resnet50", names)
        ramp = next(iter(next(cases.light_cases()).inputs.values()))
        self.assertEqual((ramp.flat[0], ramp.dtype), (0, numpy.float32))
        self.assertLess(ramp.max(), 1)
        self.assertTrue((numpy.diff(ramp.ravel()) > 0).any())


class Judging(unittest.TestCase):
    case = Case("node.x", gemm(), {"x": square(1)}, {"y": square(4), "": square(0)}, 1e-3, 1e-5)

    def fault(self, found):
        with self.assertRaises(Fault) as caught:
            judge(self.case, found)
        return str(caught.exception)

    def test_numbers_within_the_tolerance_pass(self):
        judge(self.case, {"y": square(4.003)})

    def test_everything_else_does_not(self):
        self.assertIn("first at (1, 0): expected 4.0, found 4.1", self.fault({"y": numpy.float32([[4, 4], [4.1, 4.2]])}))
        self.assertIn("numbers differ", self.fault({"y": square(numpy.nan)}))
        self.assertIn("expected float32, found int64", self.fault({"y": square(4, numpy.int64)}))
        self.assertIn("shape", self.fault({"y": square(4).reshape(1, 4)}))
        self.assertIn("missing", self.fault({"z": square(4)}))

    def test_a_number_that_is_none_must_be_none(self):
        case = Case("node.x", gemm(), {}, {"y": square(numpy.nan)}, 1e-3, 1e-5)
        judge(case, {"y": square(numpy.nan)})
        with self.assertRaises(Fault):
            judge(case, {"y": square(0)})


class Programs(unittest.TestCase):
    """Shell scripts in the place of the programs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def test_status_69_is_a_refusal_and_no_other_is(self):
        with self.assertRaisesRegex(Refusal, "status 69: no such operator"):
            run([self.script("a", "echo 'model: no such operator' >&2; exit 69"), pathlib.Path("model")])
        with self.assertRaisesRegex(Fault, "status 70: nothing said"):
            run([self.script("b", "exit 70"), pathlib.Path("model")])
        with self.assertRaisesRegex(Fault, "status -11"):
            run([self.script("c", "kill -SEGV $$"), pathlib.Path("model")])
        run([self.script("d", "exit 0"), pathlib.Path("model")])

    def test_an_outcome_tells_them_apart(self):
        self.script("pexconvert", "echo no >&2; exit 69")
        self.assertIs(outcome(Judging.case, self.folder, self.folder).verdict, Verdict.REFUSED)
        self.script("pexconvert", "exit 65")
        found = outcome(Judging.case, self.folder, self.folder)
        self.assertEqual((found.verdict, found.operators), (Verdict.WRONG, ("Gemm",)))


class Expectations(unittest.TestCase):
    def test_lines(self):
        found = expectations.read("# why\n\nnode.a   refused  no loops\nnode.b wrong NaN is not printed\n")
        self.assertEqual(list(found), ["node.a", "node.b"])
        self.assertEqual((found["node.a"].verdict, found["node.a"].reason), (Verdict.REFUSED, "no loops"))
        for line in ["node.a refused", "node.a perhaps why", "node.a wrong x\nnode.a wrong y"]:
            with self.assertRaisesRegex(ValueError, "line"):
                expectations.read(line)

    def test_surprises(self):
        expected = expectations.read("node.a refused why\nnode.b wrong why\nnode.gone wrong why")

        def told(case, verdict, complete=False):
            return expectations.surprises([Outcome(case, ("Relu",), verdict, "detail")], expected, complete)

        self.assertEqual(told("node.a", Verdict.REFUSED), [])
        self.assertEqual(told("node.c", Verdict.PASSED), [])
        self.assertEqual(told("node.c", Verdict.WRONG), ["node.c wrong: detail"])
        self.assertIn("passes, and is listed: why", told("node.a", Verdict.PASSED)[0])
        # A refusal that has become a wrong answer is worse, and no less a surprise.
        self.assertIn("listed as refused", told("node.a", Verdict.WRONG)[0])
        self.assertEqual(len(told("node.a", Verdict.REFUSED, complete=True)), 2)

    def test_an_updated_list_surprises_nobody(self):
        text = "# why\nnode.a refused never asked for\nnode.b wrong why\n"
        found = [
            Outcome("node.a", ("Relu",), Verdict.REFUSED, "status 69: no"), Outcome("node.b", ("Relu",), Verdict.PASSED),
            Outcome("node.c", ("Relu",), Verdict.WRONG, "another number")]
        updated = expectations.updated(text, found)
        self.assertEqual(updated, "# why\nnode.a refused never asked for\nnode.c wrong another number\n")
        self.assertEqual(expectations.surprises(found, expectations.read(updated)), [])


class Reports(unittest.TestCase):
    outcomes = [
        Outcome("node.a", ("Conv", "Relu"), Verdict.PASSED), Outcome("node.b", ("Conv",), Verdict.REFUSED, "status 69: no | no"),
        Outcome("light.c", ("Relu",), Verdict.PASSED)]

    def test_counts(self):
        self.assertEqual(report.by_operator(self.outcomes), {"Conv": (1, 2), "Relu": (2, 2)})
        self.assertEqual(report.by_suite(self.outcomes), {"light": (1, 1), "node": (1, 2)})
        self.assertTrue(report.text(self.outcomes).endswith("2 of 3 cases pass"))
        self.assertIn("  1 not", report.text(self.outcomes))

    def test_markdown_and_json(self):
        text = report.markdown(self.outcomes, expectations.read("node.b refused never asked for"))
        self.assertIn("| node.b | refused | never asked for |", text)
        self.assertIn(r"no \| no", report.markdown(self.outcomes, {}))
        found = report.json_report(self.outcomes, ["x"])
        self.assertEqual((found["passed"], found["cases"], found["unexpected"]), (2, 3, ["x"]))
        self.assertEqual([entry["case"] for entry in found["failures"]], ["node.b"])


if __name__ == "__main__":
    unittest.main()
