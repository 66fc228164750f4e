// What the page of a series shows.

import type { SeriesQualityQuery, SeriesQuery } from "../../api/generated/operations.ts";

export type Series = NonNullable<SeriesQuery["series"]>;
export type Quality = NonNullable<SeriesQualityQuery["series"]>;
