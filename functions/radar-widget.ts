import { createRadarWidget } from '../lib/radar/widget.ts';

export const handler = createRadarWidget();
