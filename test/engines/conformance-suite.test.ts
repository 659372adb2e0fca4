/** The suite is put to the test itself: each planted bug must make the behaviour that it breaks fail. */
import { describe, expect, test } from "vitest";
import {
  conformance,
  createReferenceStore,
  type StoreFixture,
  type TestRunner,
} from "../../src/testing/index.ts";
import { type Bug, PLANTED_BUGS, withBug } from "./planted-bugs.ts";

function fixtureOf(bug: Bug): StoreFixture {
  return {
    open: async ({ clock, random }) => withBug(createReferenceStore({ clock, random }), bug),
    reopen: async (_store, { clock, random }) => withBug(createReferenceStore({ clock, random }), bug),
    time: "controlled",
    seed: 1,
  };
}

/** Runs the tests of one behaviour up to the first that fails; gives its title. */
async function firstFailure(behaviour: string, fixture: StoreFixture): Promise<string | undefined> {
  const tests: { readonly title: string; readonly body: () => Promise<void> }[] = [];
  let isWanted = false;
  const runner: TestRunner = {
    describe(title, body) {
      isWanted = title === `planted conforms: ${behaviour}`;
      body();
    },
    test(title, body) {
      if (isWanted) tests.push({ title, body });
    },
  };
  conformance("planted", fixture, runner);
  expect(tests.length, `tests of ${behaviour}`).toBeGreaterThan(0);
  for (const { title, body } of tests) {
    const failed = await body().then(
      () => false,
      () => true,
    );
    if (failed) return title;
  }
  return undefined;
}

describe("the conformance suite catches a store where", () => {
  for (const [behaviour, bug, plant] of PLANTED_BUGS) {
    test(`${bug} (${behaviour})`, async () => {
      expect(await firstFailure(behaviour, fixtureOf(plant))).toBeDefined();
    });
  }
});

describe("the conformance suite", () => {
  test("passes where no bug is planted", async () => {
    const sound = fixtureOf(() => ({}));
    for (const [behaviour] of PLANTED_BUGS) {
      expect(await firstFailure(behaviour, sound), behaviour).toBeUndefined();
    }
  });

  test("refuses to skip a test that does not exist", () => {
    const skip = [{ test: "put > flies", reason: "none" }];
    const runner = { describe: () => {}, test: () => {} };
    expect(() => conformance("planted", { ...fixtureOf(() => ({})), skip }, runner)).toThrow("put > flies");
  });

  test("reports what it skips with the reason", () => {
    const skip = [{ test: "put > of the same value is a write like any other (P06)", reason: "too proud" }];
    const skipped: string[] = [];
    const runner = {
      describe: (_: string, body: () => void) => body(),
      test: Object.assign(() => {}, { skip: (title: string) => void skipped.push(title) }),
    };
    conformance("planted", { ...fixtureOf(() => ({})), skip }, runner);
    expect(skipped).toEqual(["of the same value is a write like any other (P06) (skipped: too proud)"]);
  });
});
