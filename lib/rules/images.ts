/** What an image of nvcr.io needs, as its absence is told. */
export const LOGIN =
  'the Secret of a login to nvcr.io, without which images of before NIM 2.0.10 and of production branches are not pulled';

/** Whether a reference names one image for good: a digest, or a tag that is not `latest`. */
export function isPinned(reference: string): boolean {
  if (reference.includes('@')) {
    return true;
  }
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : '';
  return tag !== '' && tag !== 'latest';
}
