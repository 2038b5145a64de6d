/** Hours of a season: a day. What differs by the day of the week is learnt by the level alone. */
export const SEASON = 24;
/** Hours that have to be known before anything is said of the next: two days. */
export const LEAST_HOURS = 2 * SEASON;
/** How far back it looks: two weeks. */
export const MOST_HOURS = 14 * SEASON;

/** How fast the level and the season follow what was counted. */
const LEVEL = 0.1;
const SHAPE = 0.3;

/**
 * Messages of an hour to come, by those of the hours before: Holt-Winters with a level and a multiplicative season of 24 hours,
 * and no trend.
 *
 * @param counts of each hour, the oldest first, without a gap
 * @param ahead 1 for the hour after the last
 * @returns `undefined` where fewer than 48 hours are known
 * @see https://otexts.com/fpp3/holt-winters.html
 */
export function forecast(counts: readonly number[], ahead: number): number | undefined {
  if (counts.length < LEAST_HOURS) return undefined;
  const known = counts.slice(-MOST_HOURS);
  const first = known.slice(0, SEASON);
  let level = first.reduce((sum, count) => sum + count, 0) / SEASON;
  const season = first.map((count) => (level > 0 ? count / level : 1));
  known.slice(SEASON).forEach((count, index) => {
    const hour = index % SEASON;
    const share = season[hour] ?? 1;
    // An hour in which nothing ever came says nothing of the level.
    if (share > 0) level = LEVEL * (count / share) + (1 - LEVEL) * level;
    season[hour] = SHAPE * (level > 0 ? count / level : 1) + (1 - SHAPE) * share;
  });
  return level * (season[(known.length + ahead - 1) % SEASON] ?? 1);
}

/** A peak within an hour is higher than the hour's mean, and a forecast is seldom right. */
const HEADROOM = 1.5;

/**
 * Invocations at once that so many messages of an hour take.
 *
 * @param perSecond messages that one invocation handles in a second
 */
export function invocationsFor(messages: number, perSecond: number): number {
  return Math.ceil((messages * HEADROOM) / (3_600 * perSecond));
}

/** Less than this share of what was to be expected is told. */
const LOW_SHARE = 0.25;
/** Of fewer messages chance alone may leave as little. */
const LEAST_EXPECTED = 100;

/** Whether so little came that something is wrong upstream. */
export function isFarBelow(came: number, expected: number): boolean {
  return expected >= LEAST_EXPECTED && came < expected * LOW_SHARE;
}
