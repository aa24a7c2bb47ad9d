/** Languages: chosen by the browser, changed by the person, remembered on this device. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";

export const LANGUAGES = ["en", "es"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Messages = Widen<typeof en>;

/** The shape of the English messages, with any text in it. */
type Widen<T> = { readonly [K in keyof T]: T[K] extends string ? string : Widen<T[K]> };

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

const STORED = "carrete.language";

function isLanguage(value: string | null | undefined): value is Language {
  return LANGUAGES.some((one) => one === value);
}

/** The first of the wanted languages that Carrete speaks. */
export function pickLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  const spoken = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return spoken ?? "en";
}

async function load(language: Language): Promise<void> {
  if (language === "es" && !i18next.hasResourceBundle("es", "translation")) {
    const { es } = await import("./es");
    i18next.addResourceBundle("es", "translation", es);
  }
}

export async function setLanguage(language: Language): Promise<void> {
  await load(language);
  localStorage.setItem(STORED, language);
  await i18next.changeLanguage(language);
}

export async function startLanguages(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    supportedLngs: LANGUAGES,
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false }, // React escapes
  });
  i18next.on("languageChanged", (language) => {
    document.documentElement.lang = language;
  });
  const language = pickLanguage(localStorage.getItem(STORED), navigator.languages);
  await load(language);
  await i18next.changeLanguage(language);
}
