import { useQuery } from "@tanstack/react-query";
import { type Tile, tileAt } from "@/lib/vtt";
import { storyboardQuery } from "./storyboard";

/** The storyboard's picture at a fraction of the video, as large as fits. */
export function Preview({
  url,
  fraction,
  width,
  height,
}: {
  url: string;
  fraction: number;
  width: number;
  height: number;
}) {
  const { data: tiles } = useQuery(storyboardQuery(url));
  const tile = tiles && tileAt(tiles, fraction);
  if (!tiles || !tile) return null;
  return (
    <div aria-hidden="true" className="absolute inset-0 flex items-center justify-center bg-film">
      <TilePicture tile={tile} sheet={sheetWidth(tiles, tile.url)} width={width} height={height} />
      <span
        className="absolute bottom-0 left-0 h-0.5 w-full origin-left bg-lamp"
        style={{ transform: `scaleX(${fraction})` }}
      />
    </div>
  );
}

function sheetWidth(tiles: readonly Tile[], url: string): number {
  return Math.max(...tiles.filter((tile) => tile.url === url).map((tile) => tile.x + tile.width));
}

function TilePicture({
  tile,
  sheet,
  width,
  height,
}: {
  tile: Tile;
  sheet: number;
  width: number;
  height: number;
}) {
  const scale = Math.min(width / tile.width, height / tile.height);
  return (
    <div
      style={{
        width: tile.width * scale,
        height: tile.height * scale,
        backgroundImage: `url("${tile.url}")`,
        backgroundSize: `${sheet * scale}px auto`,
        backgroundPosition: `${-tile.x * scale}px ${-tile.y * scale}px`,
      }}
    />
  );
}
