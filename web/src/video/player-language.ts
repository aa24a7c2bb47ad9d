/** The player's own words in the page's language. */

import { Es } from "media-chrome/dist/lang/es.js";
import { addTranslation, setLanguage } from "media-chrome/dist/utils/i18n.js";

addTranslation("es", Es);

export function speakPlayer(language: string): void {
  setLanguage(language);
}
