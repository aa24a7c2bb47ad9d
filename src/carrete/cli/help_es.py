"""``--help`` in Spanish: the English texts of the commands, paragraph by paragraph.

The English text is where the command is. A test makes sure that every paragraph is here.
"""

from typing import Any

PARAGRAPHS: dict[str, str] = {
    "On this machine": "En esta máquina",
    "Videos": "Vídeos",
    "For operators": "Para operadores",
    "Carrete: videos are uploaded, converted in the background, followed live and downloaded.": (
        "Carrete: los vídeos se suben, se convierten en segundo plano, se siguen en directo y se "
        "descargan."
    ),
    "Try it with no server at all: `carrete demo`": "Pruébalo sin ningún servidor: `carrete demo`",
    "**Exit codes**: 0 done · 1 the operation failed (a video failed, say) · 2 wrong usage or "
    "settings · 3 not signed in · 4 not found · 5 a server can't be reached · 130 interrupted.": (
        "**Códigos de salida**: 0 hecho · 1 la operación falló (un vídeo falló, por ejemplo) · "
        "2 uso o configuración incorrectos · 3 sin sesión iniciada · 4 no encontrado · 5 no se "
        "puede conectar con un servidor · 130 interrumpido."
    ),
    "**Settings**: `CARRETE_SERVER` and `CARRETE_TOKEN` for the commands that talk to a server; "
    "`CARRETE_LANG` (en, es). What `api`, `worker`, `migrate`, `gc`, `dlq`, `user`, `backup`, "
    "`restore` and `doctor` read is named by `carrete doctor`.": (
        "**Configuración**: `CARRETE_SERVER` y `CARRETE_TOKEN` para las órdenes que hablan con un "
        "servidor; `CARRETE_LANG` (en, es). Lo que leen `api`, `worker`, `migrate`, `gc`, `dlq`, "
        "`user`, `backup`, `restore` y `doctor` lo nombra `carrete doctor`."
    ),
    "Print the version.": "Muestra la versión.",
    "Install completion for the current shell.": "Instala el autocompletado del shell actual.",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "Muestra el autocompletado del shell actual, para copiarlo o adaptarlo."
    ),
    "Show this message and exit.": "Muestra este mensaje y termina.",
    "Send a sample through the whole system on this machine, then stop everything.": (
        "Pasa una muestra por todo el sistema en esta máquina y después lo para todo."
    ),
    "Instead of the sample.": "En lugar de la muestra.",
    "Where the result goes.": "Dónde se guarda el resultado.",
    "Workers.": "Procesos que trabajan.",
    "Print JSON for programs.": "Escribe JSON para programas.",
    "Process files and fetch the results: the whole job in one command.": (
        "Procesa archivos y trae los resultados: todo el trabajo en una orden."
    ),
    "A server that you are signed in to does the work. Where there is none, a temporary one is "
    "started on this machine and removed at the end.": (
        "El trabajo lo hace un servidor en el que hayas iniciado sesión. Si no hay ninguno, se "
        "inicia uno temporal en esta máquina y se elimina al final."
    ),
    "Video files.": "Archivos de vídeo.",
    "Where the results go.": "Dónde se guardan los resultados.",
    "Codecs to make.": "Códecs que se crean.",
    "Replace files that are there.": "Reemplaza los archivos que ya existan.",
    "Use a temporary system, even if a server runs.": (
        "Usa un sistema temporal aunque haya un servidor."
    ),
    "URL of the server (or CARRETE_SERVER).": "URL del servidor (o CARRETE_SERVER).",
    "Run the whole system here until Ctrl-C: a sandbox whose videos go when it stops.": (
        "Ejecuta aquí todo el sistema hasta Ctrl-C: un entorno de pruebas cuyos vídeos se pierden "
        "al pararlo."
    ),
    "The next free port is taken where one is in use; 0 takes any. With `--json` one line says "
    "where everything is once it answers.": (
        "Si un puerto está ocupado se toma el siguiente libre; 0 toma cualquiera. Con `--json` una "
        "línea dice dónde está todo cuando ya responde."
    ),
    "Port of the page and the API.": "Puerto de la página y la API.",
    "Port of S3 and SQS.": "Puerto de S3 y SQS.",
    "Keep the logs here.": "Guarda aquí los registros.",
    "Make an account and sign in.": "Crea una cuenta e inicia sesión.",
    "Address of the account.": "Dirección de la cuenta.",
    "Read the password from the first line of input.": (
        "Lee la contraseña de la primera línea de la entrada."
    ),
    "Sign in, and stay signed in on this machine.": (
        "Inicia sesión y la mantiene en esta máquina."
    ),
    "The session's token is kept in a file that only you can read. Programs can set "
    "CARRETE_TOKEN instead.": (
        "El token de la sesión se guarda en un archivo que solo tú puedes leer. Los programas "
        "pueden usar CARRETE_TOKEN."
    ),
    "Sign out: the session ends on the server and its token is forgotten here.": (
        "Cierra la sesión: termina en el servidor y aquí se olvida su token."
    ),
    "Upload files to be processed.": "Sube archivos para que se procesen.",
    "An upload that was interrupted, in whatever way, goes on where it stopped: run the same "
    "command again.": (
        "Una subida interrumpida, de la manera que sea, sigue donde se quedó: repite la misma "
        "orden."
    ),
    "Name of the video (with one file).": "Nombre del vídeo (con un solo archivo).",
    "Wait until the videos are processed.": "Espera hasta que los vídeos estén procesados.",
    "Download the result of a video, or its original.": (
        "Descarga el resultado de un vídeo o su original."
    ),
    "An interrupted download leaves `NAME.part` and goes on from there: run the same command "
    "again.": (
        "Una descarga interrumpida deja `NOMBRE.part` y sigue desde ahí: repite la misma orden."
    ),
    "The video's id, from `carrete ls`.": "El ID del vídeo, según `carrete ls`.",
    "The result or the source.": "El resultado o el original.",
    "File, or directory. Here by default.": "Archivo o directorio. Si no se indica, aquí.",
    "Follow videos live: until the given ones are done, or everything until Ctrl-C.": (
        "Sigue vídeos en directo: hasta que terminen los indicados, o todo hasta Ctrl-C."
    ),
    "With `--json` every event is a line. The command fails when one of the videos does.": (
        "Con `--json` cada evento es una línea. La orden falla si falla uno de los vídeos."
    ),
    "Ids; all videos without any.": "IDs; sin ninguno, todos los vídeos.",
    "List videos, newest first.": "Muestra los vídeos, primero los más nuevos.",
    "Only videos in this state; may be repeated.": (
        "Solo los vídeos en este estado; se puede repetir."
    ),
    "How many.": "Cuántos.",
    "Go on where an earlier page ended.": "Sigue donde acabó una página anterior.",
    "All pages.": "Todas las páginas.",
    "Show one video: its facts, its state, and the tasks of its job.": (
        "Muestra un vídeo: sus datos, su estado y las tareas de su trabajo."
    ),
    "Stop the work on videos. The originals stay and can be reprocessed.": (
        "Detiene el trabajo con vídeos. Los originales se conservan y se pueden procesar de nuevo."
    ),
    "Ids of videos, from `carrete ls`.": "IDs de vídeos, según `carrete ls`.",
    "Process originals anew. Earlier results stay until the new ones are ready.": (
        "Procesa de nuevo los originales. Los resultados anteriores se conservan hasta que los "
        "nuevos estén listos."
    ),
    "Change the name of a video, which downloads carry too.": (
        "Cambia el nombre de un vídeo, que también llevan las descargas."
    ),
    "The new name.": "El nombre nuevo.",
    "Delete videos with their originals and everything made from them. There is no way back.": (
        "Borra vídeos con sus originales y todo lo creado a partir de ellos. No se puede deshacer."
    ),
    "Don't ask.": "No pregunta.",
    "Serve the API and the web page until SIGTERM.": "Sirve la API y la página web hasta SIGTERM.",
    "Address to listen on (CARRETE_API_HOST).": "Dirección en la que escucha (CARRETE_API_HOST).",
    "Port to listen on (CARRETE_API_PORT).": "Puerto en el que escucha (CARRETE_API_PORT).",
    "Take tasks from the queue until SIGTERM, which gives the running one back.": (
        "Toma tareas de la cola hasta SIGTERM, que devuelve la que esté en marcha."
    ),
    "Bring the database to a revision: the newest one, when none is given.": (
        "Lleva la base de datos a una revisión: la más nueva, si no se indica ninguna."
    ),
    "head, base or a revision.": "head, base o una revisión.",
    "Remove stored objects and open uploads that no row of the database points at.": (
        "Borra los objetos guardados y las subidas abiertas que ninguna fila de la base de datos "
        "usa."
    ),
    "Only report.": "Solo informa.",
    "Copy the database and every original and result into a directory, while all goes on.": (
        "Copia la base de datos y todos los originales y resultados a un directorio, sin parar "
        "nada."
    ),
    "A new directory.": "Un directorio nuevo.",
    "Fill an empty database and a bucket from a backup, after checking all of it.": (
        "Llena una base de datos vacía y un bucket con una copia, tras comprobarla entera."
    ),
    "What `carrete backup` made.": "Lo que hizo `carrete backup`.",
    "Leave alone what is younger, in seconds.": "No toca lo que sea más reciente, en segundos.",
    "Check settings, database, S3, SQS, ffmpeg, sandbox and disk, and say how to mend them.": (
        "Comprueba configuración, base de datos, S3, SQS, ffmpeg, aislamiento y disco, y dice cómo "
        "arreglarlos."
    ),
    "Make a link with which anybody can watch a video, without an account.": (
        "Crea un enlace con el que cualquiera puede ver un vídeo, sin cuenta."
    ),
    "Days until the link ends by itself.": "Días hasta que el enlace caduca.",
    "Ask those who open it for the first line of input.": (
        "Pide a quien lo abra la primera línea de la entrada."
    ),
    "Let them download the result too.": "Permite descargar también el resultado.",
    "End links to a video at once.": "Anula enlaces a un vídeo en el acto.",
    "Ids of links; all of them without any.": "IDs de enlaces; sin ninguno, todos.",
    "Only names that contain this text.": "Solo nombres que contengan este texto.",
    "The order; a minus in front: from the largest on.": (
        "El orden; con un menos delante, de mayor a menor."
    ),
    "Accounts, and what they may do.": "Cuentas, y lo que pueden hacer.",
    "Change what an account may do: an admin sees the system and everybody's usage.": (
        "Cambia lo que puede hacer una cuenta: un administrador ve el sistema y el uso de todos."
    ),
    "user or admin.": "user o admin.",
    "Tasks that could not be done, and their way back to work.": (
        "Tareas que no se pudieron hacer, y cómo vuelven al trabajo."
    ),
    "List tasks that could not be done, with the reason of each.": (
        "Muestra las tareas que no se pudieron hacer, con el motivo de cada una."
    ),
    "Send dead letters back to work, once what was wrong is mended.": (
        "Devuelve al trabajo las tareas fallidas, una vez arreglado lo que fallaba."
    ),
    "Ids of tasks; all of them without any.": "IDs de tareas; sin ninguno, todas.",
    "Dead letters to look at.": "Cuántas tareas fallidas se miran.",
}

EXAMPLES = {"Example": "Ejemplo", "Examples": "Ejemplos"}
"""How a paragraph starts whose commands need no translation."""


def translate(text: str) -> str:
    """A text in Spanish; a paragraph without a translation stays as it is."""
    return "\n\n".join(_paragraph(" ".join(part.split())) for part in text.split("\n\n"))


def _paragraph(text: str) -> str:
    head, _, rest = text.partition(": ")
    if head in EXAMPLES:
        return f"{EXAMPLES[head]}: {rest}"
    return PARAGRAPHS.get(text, text)


def translate_command(command: Any) -> None:
    """Translate a command's help in place, and that of its options and subcommands."""
    # Typer keeps its own copy of Click's classes private, so that they have no type here.
    for item in (command, *command.params):
        for name in ("help", "epilog", "short_help", "rich_help_panel"):
            text = getattr(item, name, None)
            if text:
                setattr(item, name, translate(text))
    for subcommand in getattr(command, "commands", {}).values():
        translate_command(subcommand)
