import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUBJECTS } from '../test/mistakes';
import { page } from '../test/mistakes/page';

writeFileSync(join(__dirname, '../docs/mistakes.md'), page(SUBJECTS));
