import { Languages, MonitorCog, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, setLanguage } from "@/i18n";
import { applyTheme, storedTheme, THEMES } from "@/lib/theme";
import type { MenuItem } from "@/ui/menu";

const THEME_ICONS = { auto: MonitorCog, light: Sun, dark: Moon } as const;

/** Menu items for language and theme. */
export function useAppearance(): (MenuItem | "line")[] {
  const { t, i18n } = useTranslation();
  const [theme, setTheme] = useState(storedTheme);
  const languages: MenuItem[] = LANGUAGES.map((language) => ({
    label: { en: "English", es: "Español" }[language],
    icon: <Languages className="size-4" />,
    checked: i18n.language === language,
    onSelect: () => void setLanguage(language),
  }));
  const themes: MenuItem[] = THEMES.map((one) => {
    const Icon = THEME_ICONS[one];
    return {
      label: t(`theme.${one}`),
      icon: <Icon className="size-4" />,
      checked: theme === one,
      onSelect: () => {
        applyTheme(one);
        setTheme(one);
      },
    };
  });
  return [...languages, "line", ...themes];
}
