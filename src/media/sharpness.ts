/** Below this spread of brightness (of 255) a picture is one flat colour: a fade, a lens cap. */
const flatSpread = 6;
const flatWeight = 0.02;

/**
 * How much there is to see in a picture and how sharp it is; only comparisons with others of the same size mean
 * anything. `gray`: a byte a pixel. The variance of the Laplacian (Pech-Pacheco et al. 2000), which falls with blur of
 * focus and of motion alike.
 */
export function sharpnessOf(gray: Uint8Array, width: number, height: number): number {
  let [sum, squares, count] = [0, 0, 0];
  let [light, lightSquares] = [0, 0];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const here = gray[at] as number;
      const edge =
        4 * here -
        (gray[at - 1] as number) -
        (gray[at + 1] as number) -
        (gray[at - width] as number) -
        (gray[at + width] as number);
      sum += edge;
      squares += edge * edge;
      light += here;
      lightSquares += here * here;
      count += 1;
    }
  }
  if (count === 0) return 0;
  const variance = squares / count - (sum / count) ** 2;
  const spread = Math.sqrt(Math.max(0, lightSquares / count - (light / count) ** 2));
  return spread < flatSpread ? variance * flatWeight : variance;
}
