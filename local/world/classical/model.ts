import type { WeatherModel } from "./artefact.ts";
import { type Grown, growForest } from "./forest.ts";
import { COLUMNS, type Example, WeatherDataError } from "./weather.ts";

/** Fewer days than this are no season. */
const LEAST_DAYS = 10;
/** Each tenth of the days is foretold by a forest that has not learnt it, nor the three days on either side. */
const BLOCKS = 10;
const GAP_DAYS = 3;
const DAY_MS = 86_400_000;

/**
 * Learns from days what tomorrow's highest temperature will be.
 *
 * A forest averages what it has seen and therefore never foretells a heat it has not seen: a model of winter and spring
 * goes wrong in summer.
 *
 * @throws {WeatherDataError} when there are fewer than {@link LEAST_DAYS} days
 */
export function trainModel(examples: readonly Example[]): WeatherModel {
  if (examples.length < LEAST_DAYS) {
    throw new WeatherDataError(
      `There are ${examples.length} days to learn from, expected at least ${LEAST_DAYS}.`,
    );
  }
  const foretold = foretellUnseen(examples);
  return {
    kind: "forest",
    columns: [...COLUMNS],
    trees: grow(examples).trees(),
    examples: examples.map(({ date, features, weather, truth }, index) => ({
      ...{ date, features: [...features], weather, truth },
      foretold: foretold[index] ?? Number.NaN,
    })),
  };
}

function grow(examples: readonly Example[]): Grown {
  return growForest(
    examples.map(({ features }) => features),
    examples.map(({ truth }) => truth),
  );
}

/** Each block of days by a forest of the other days: neighbouring days share their weather, and would give it away. */
function foretellUnseen(examples: readonly Example[]): number[] {
  const size = Math.ceil(examples.length / BLOCKS);
  const starts = Array.from({ length: Math.ceil(examples.length / size) }, (_, block) => block * size);
  return starts.flatMap((start) => {
    const block = examples.slice(start, start + size);
    const from = Date.parse(block[0]?.date ?? "") - GAP_DAYS * DAY_MS;
    const to = Date.parse(block.at(-1)?.date ?? "") + GAP_DAYS * DAY_MS;
    const others = examples.filter(({ date }) => Date.parse(date) < from || Date.parse(date) > to);
    return grow(others).predict(block.map(({ features }) => features));
  });
}
