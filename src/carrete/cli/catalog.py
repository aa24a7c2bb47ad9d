"""The messages themselves. Placeholders are the same in each language; a test makes sure."""

from carrete.domain.failures import Sentence

MESSAGES: dict[str, Sentence] = {
    # ── what went wrong ─────────────────────────────────────────────────────────────────────────
    "not_signed_in": Sentence(
        "You are not signed in to {server}. Sign in with `carrete login`, or make an account with "
        "`carrete register`.",
        "No has iniciado sesión en {server}. Hazlo con `carrete login` o crea una cuenta con "
        "`carrete register`.",
    ),
    "bad_server": Sentence(
        "{url} is not the URL of a server. It looks like http://localhost:8080.",
        "{url} no es la URL de un servidor. Tiene que ser como http://localhost:8080.",
    ),
    "bad_settings": Sentence(
        "The settings are not complete:\n{reason}\n`carrete doctor` checks them all.",
        "La configuración no está completa:\n{reason}\n`carrete doctor` la comprueba entera.",
    ),
    "unreachable": Sentence(
        "The server {server} can't be reached: {reason}\nStart one here with `carrete up`, or name "
        "another with --server.",
        "No se puede conectar con el servidor {server}: {reason}\nInicia uno aquí con "
        "`carrete up` o indica otro con --server.",
    ),
    "service_away": Sentence(
        "A service can't be reached: {reason}\n`carrete doctor` says which one and how to mend it.",
        "No se puede conectar con un servicio: {reason}\n`carrete doctor` dice cuál y cómo "
        "arreglarlo.",
    ),
    "transfer_failed": Sentence(
        "The bytes could not be moved: {reason}\nRun the same command again; it goes on where it "
        "stopped.",
        "No se pudieron transferir los datos: {reason}\nRepite la misma orden: sigue donde se "
        "quedó.",
    ),
    "file_changed": Sentence(
        "{path} changed while it was uploaded, so what had been sent was thrown away. Upload it "
        "again once it is finished.",
        "{path} cambió mientras se subía, así que lo enviado se ha descartado. Súbelo de nuevo "
        "cuando esté terminado.",
    ),
    "file_empty": Sentence(
        "{path} is empty. Check that it was saved completely.",
        "{path} está vacío. Comprueba que se guardó entero.",
    ),
    "upload_busy": Sentence(
        "Another process is uploading {path} right now.",
        "Otro proceso está subiendo {path} en este momento.",
    ),
    "target_exists": Sentence(
        "{path} exists already. Choose another place, or replace it with --force.",
        "{path} ya existe. Elige otro lugar o reemplázalo con --force.",
    ),
    "target_is_original": Sentence(
        "{path} is one of the originals, and those are never replaced. Choose another directory "
        "with --output.",
        "{path} es uno de los originales, y esos nunca se reemplazan. Elige otro directorio con "
        "--output.",
    ),
    "name_needs_one_file": Sentence(
        "--name goes with one file only.",
        "--name solo sirve con un archivo.",
    ),
    "no_terminal": Sentence(
        "There is no terminal to ask in. Give --email and --password-stdin.",
        "No hay un terminal en el que preguntar. Indica --email y --password-stdin.",
    ),
    "sample_failed": Sentence(
        "The sample could not be made: {reason}\n`carrete doctor` checks ffmpeg.",
        "No se pudo crear la muestra: {reason}\n`carrete doctor` comprueba ffmpeg.",
    ),
    "api_unauthenticated": Sentence(
        "The session has ended. Sign in again with `carrete login`.",
        "La sesión ha terminado. Inicia sesión de nuevo con `carrete login`.",
    ),
    "api_wrong_credentials": Sentence(
        "Wrong address or password.",
        "La dirección o la contraseña no son correctas.",
    ),
    "api_not_found": Sentence(
        "You have no such video. `carrete ls` lists those you have.",
        "No tienes ese vídeo. `carrete ls` muestra los que tienes.",
    ),
    "api_email_taken": Sentence(
        "There is an account with this address already. Sign in with `carrete login`.",
        "Ya hay una cuenta con esta dirección. Inicia sesión con `carrete login`.",
    ),
    "api_too_large": Sentence(
        "The file is larger than the server takes: {detail}",
        "El archivo es mayor de lo que admite el servidor: {detail}",
    ),
    "api_too_many_attempts": Sentence(
        "Too many attempts. Try again in {seconds} seconds.",
        "Demasiados intentos. Prueba de nuevo dentro de {seconds} segundos.",
    ),
    "api_unavailable": Sentence(
        "The server is not available at the moment. Try again soon.",
        "El servidor no está disponible en este momento. Prueba de nuevo dentro de poco.",
    ),
    "api_quota_exceeded": Sentence(
        "The account's limit is reached ({detail}). Delete something, wait, or ask the operator.",
        "Se ha alcanzado el límite de la cuenta ({detail}). Borra algo, espera o consulta al "
        "operador.",
    ),
    "api_rate_limited": Sentence(
        "Too many requests. Try again in {seconds} s.",
        "Demasiadas peticiones. Prueba de nuevo dentro de {seconds} s.",
    ),
    # ── account ─────────────────────────────────────────────────────────────────────────────────
    "ask_email": Sentence("E-mail", "Correo electrónico"),
    "ask_password": Sentence("Password", "Contraseña"),
    "ask_password_again": Sentence("Password again", "Repite la contraseña"),
    "signed_in": Sentence(
        "Signed in to {server} as {email}.", "Sesión iniciada en {server} como {email}."
    ),
    "signed_out": Sentence("Signed out of {server}.", "Sesión cerrada en {server}."),
    # ── videos ──────────────────────────────────────────────────────────────────────────────────
    "no_videos": Sentence(
        "No videos. Upload one with `carrete upload FILE`.",
        "No hay vídeos. Sube uno con `carrete upload ARCHIVO`.",
    ),
    "more_pages": Sentence(
        "There are more: --all, or --cursor {cursor}", "Hay más: --all o --cursor {cursor}"
    ),
    "links_ended": Sentence("{count} link(s) ended.", "{count} enlace(s) anulado(s)."),
    "removed": Sentence("{id} is being deleted.", "{id} se está borrando."),
    "rm_confirm": Sentence(
        "Delete {count} video(s) with the originals and everything made from them?",
        "¿Borrar {count} vídeo(s) con los originales y todo lo creado a partir de ellos?",
    ),
    "rm_needs_yes": Sentence(
        "There is no terminal to ask in. Give --yes to delete.",
        "No hay un terminal en el que preguntar. Indica --yes para borrar.",
    ),
    "nothing_removed": Sentence("Nothing was deleted.", "No se ha borrado nada."),
    # ── transfers ───────────────────────────────────────────────────────────────────────────────
    "upload_resumed": Sentence(
        "{file}: going on where an earlier upload stopped.",
        "{file}: se sigue donde se quedó una subida anterior.",
    ),
    "uploaded": Sentence("uploaded, {size}", "subido, {size}"),
    "upload_interrupted": Sentence(
        "Interrupted. What was sent is kept: run the same command again to go on.",
        "Interrumpido. Lo enviado se conserva: repite la misma orden para seguir.",
    ),
    "download_interrupted": Sentence(
        "Interrupted. The part is kept: run the same command again to go on.",
        "Interrumpido. La parte descargada se conserva: repite la misma orden para seguir.",
    ),
    "process_interrupted": Sentence(
        "Interrupted. Nothing was left half-made; run the same command again.",
        "Interrumpido. No ha quedado nada a medias; repite la misma orden.",
    ),
    # ── process, demo, up ───────────────────────────────────────────────────────────────────────
    "using_server": Sentence("Using {server}.", "Se usa {server}."),
    "making_sample": Sentence("Making a sample …", "Se crea una muestra …"),
    "sandbox_starting": Sentence(
        "Starting PostgreSQL, LocalStack (S3, SQS), the API and {workers} worker(s) …",
        "Se inician PostgreSQL, LocalStack (S3, SQS), la API y {workers} worker(s) …",
    ),
    "sandbox_ready": Sentence("All of it runs on {server}.", "Todo funciona en {server}."),
    "sandbox_stopping": Sentence("Stopping all of it …", "Se detiene todo …"),
    "step_upload": Sentence("upload   {file}", "subida   {file}"),
    "step_process": Sentence("process  {file}", "proceso  {file}"),
    "step_download": Sentence("download {file}", "descarga {file}"),
    "processed": Sentence("done in {time}", "hecho en {time}"),
    "file_failed": Sentence("{file}: {reason}", "{file}: {reason}"),
    "up_ready": Sentence(
        "\nCarrete runs on {url}  (open it in a browser)\n"
        "  sign up      carrete register --server {url}\n"
        "  upload       carrete upload FILE --server {url}\n"
        "  API          {url}/api/openapi.json\n"
        "  S3, SQS      {aws}   ({workers} worker(s))\n\n"
        "This is a sandbox: its videos and accounts go when it stops. To keep them, run\n"
        "`carrete migrate`, `carrete api` and `carrete worker` with stores that last:\n"
        "  {variables}\n"
        "`carrete doctor` checks them. Ctrl-C stops everything.",
        "\nCarrete funciona en {url}  (ábrelo en un navegador)\n"
        "  cuenta       carrete register --server {url}\n"
        "  subir        carrete upload ARCHIVO --server {url}\n"
        "  API          {url}/api/openapi.json\n"
        "  S3, SQS      {aws}   ({workers} worker(s))\n\n"
        "Es un entorno de pruebas: sus vídeos y cuentas se pierden al pararlo. Para conservarlos,\n"
        "ejecuta `carrete migrate`, `carrete api` y `carrete worker` con almacenes duraderos:\n"
        "  {variables}\n"
        "`carrete doctor` los comprueba. Ctrl-C lo para todo.",
    ),
    "up_stopping": Sentence("Stopping …", "Deteniendo …"),
    "up_stopped": Sentence("Everything has stopped.", "Todo se ha detenido."),
    # ── for operators ───────────────────────────────────────────────────────────────────────────
    "migrated": Sentence("Revision {before} → {after}", "Revisión {before} → {after}"),
    "garbage_found": Sentence(
        "{seen} objects seen: {orphans} that no row points at ({size}), {uploads} such uploads. "
        "Nothing was removed; {swept} swept.",
        "{seen} objetos vistos: {orphans} sin fila que los use ({size}), {uploads} subidas así. "
        "No se ha borrado nada; {swept} barridos.",
    ),
    "garbage_removed": Sentence(
        "{seen} objects seen. Removed: {orphans} that no row pointed at ({size}), {uploads} such "
        "uploads, {swept} of results that were replaced.",
        "{seen} objetos vistos. Borrados: {orphans} sin fila que los use ({size}), {uploads} "
        "subidas así, {swept} de resultados reemplazados.",
    ),
    "backup_made": Sentence(
        "Copied the database and {objects} objects ({size}). Deleted meanwhile: {gone}.",
        "Copiados la base de datos y {objects} objetos ({size}). Borrados entretanto: {gone}.",
    ),
    "backup_restored": Sentence(
        "Restored the database and {objects} objects ({size}). Start the API and the workers now.",
        "Restaurados la base de datos y {objects} objetos ({size}). Ya puedes arrancar la API y "
        "los workers.",
    ),
    "role_changed": Sentence("{email} is now: {role}.", "{email} ahora es: {role}."),
    "no_account": Sentence(
        "No account has the address {email}.", "Ninguna cuenta tiene la dirección {email}."
    ),
    "dlq_empty": Sentence("No dead letters.", "No hay mensajes fallidos."),
    "dlq_redriven": Sentence(
        "{revived} task(s) wait again; {stale} dead letter(s) had nothing to send back.",
        "{revived} tarea(s) esperan de nuevo; {stale} mensaje(s) ya no tenían nada que reenviar.",
    ),
    "check_ok": Sentence("ok", "bien"),
    "check_warn": Sentence("warn", "aviso"),
    "check_fail": Sentence("fail", "fallo"),
    "mend_settings": Sentence(
        "Set the variables that are named. `carrete up` needs none: it runs everything here.",
        "Define las variables indicadas. `carrete up` no necesita ninguna: lo ejecuta todo aquí.",
    ),
    "mend_database": Sentence(
        "Check CARRETE_DATABASE_URL, and that PostgreSQL runs and lets this machine in.",
        "Comprueba CARRETE_DATABASE_URL, y que PostgreSQL funciona y admite esta máquina.",
    ),
    "mend_migrate": Sentence(
        "Run `carrete migrate`, or update Carrete if the database is the newer one.",
        "Ejecuta `carrete migrate`, o actualiza Carrete si la base de datos es más nueva.",
    ),
    "mend_s3": Sentence(
        "Check CARRETE_S3_BUCKET, CARRETE_AWS_REGION, CARRETE_AWS_ENDPOINT_URL and the credentials "
        "(the instance's role on AWS).",
        "Comprueba CARRETE_S3_BUCKET, CARRETE_AWS_REGION, CARRETE_AWS_ENDPOINT_URL y las "
        "credenciales (en AWS, el rol de la instancia).",
    ),
    "mend_sqs": Sentence(
        "Check CARRETE_SQS_QUEUE_URL, CARRETE_SQS_DLQ_URL, CARRETE_AWS_REGION and the credentials "
        "(the instance's role on AWS).",
        "Comprueba CARRETE_SQS_QUEUE_URL, CARRETE_SQS_DLQ_URL, CARRETE_AWS_REGION y las "
        "credenciales (en AWS, el rol de la instancia).",
    ),
    "mend_ffmpeg": Sentence(
        "Unset CARRETE_FFMPEG to use the ffmpeg that comes with Carrete, or point it at one with "
        "libx264 and aac.",
        "Quita CARRETE_FFMPEG para usar el ffmpeg que trae Carrete, o indica uno con libx264 y "
        "aac.",
    ),
    "mend_encoders": Sentence(
        "H.264 works; AV1 needs an ffmpeg with libsvtav1.",
        "H.264 funciona; AV1 necesita un ffmpeg con libsvtav1.",
    ),
    "mend_bubblewrap": Sentence(
        "Without it ffmpeg runs with limits of memory, CPU and file size, but with no limit of "
        "processes and with this user's view of files and network. Install the package "
        "`bubblewrap`.",
        "Sin él, ffmpeg tiene límites de memoria, CPU y tamaño, pero no de procesos, y ve los "
        "archivos y la red de este usuario. Instala el paquete `bubblewrap`.",
    ),
    "mend_bubblewrap_broken": Sentence(
        "It is installed but may not make namespaces: allow unprivileged user namespaces "
        "(kernel.unprivileged_userns_clone, or the AppArmor rule for bwrap).",
        "Está instalado pero no puede crear espacios de nombres: permite los de usuarios sin "
        "privilegios (kernel.unprivileged_userns_clone o la regla de AppArmor para bwrap).",
    ),
    "mend_disk": Sentence(
        "Make room, or point CARRETE_SCRATCH_DIR at a larger disk (CARRETE_SCRATCH_BYTES says how "
        "much workers may keep there).",
        "Libera espacio o indica un disco mayor en CARRETE_SCRATCH_DIR (CARRETE_SCRATCH_BYTES "
        "dice cuánto pueden guardar ahí los workers).",
    ),
    "mend_disk_access": Sentence(
        "Give this user the right to write there, or set CARRETE_SCRATCH_DIR.",
        "Da a este usuario permiso para escribir ahí o define CARRETE_SCRATCH_DIR.",
    ),
    # ── words in tables ─────────────────────────────────────────────────────────────────────────
    "state_uploading": Sentence("uploading", "subiendo"),
    "state_queued": Sentence("queued", "en cola"),
    "state_processing": Sentence("processing", "procesando"),
    "state_ready": Sentence("ready", "listo"),
    "state_failed": Sentence("failed", "fallido"),
    "state_canceled": Sentence("canceled", "cancelado"),
    "state_deleting": Sentence("deleting", "borrando"),
    "task_pending": Sentence("pending", "pendiente"),
    "task_running": Sentence("running", "en marcha"),
    "task_done": Sentence("done", "hecha"),
    "task_failed": Sentence("failed", "fallida"),
    "task_canceled": Sentence("canceled", "cancelada"),
    "head_id": Sentence("ID", "ID"),
    "head_name": Sentence("Name", "Nombre"),
    "head_file": Sentence("File", "Archivo"),
    "head_state": Sentence("State", "Estado"),
    "head_failure": Sentence("Failure", "Fallo"),
    "head_warnings": Sentence("Warnings", "Avisos"),
    "head_size": Sentence("Size", "Tamaño"),
    "head_result": Sentence("Result", "Resultado"),
    "head_ratio": Sentence("Ratio", "Proporción"),
    "head_created": Sentence("Created", "Creado"),
    "head_duration": Sentence("Duration", "Duración"),
    "head_picture": Sentence("Original", "Original"),
    "head_profile": Sentence("Profile", "Perfil"),
    "head_task": Sentence("Task", "Tarea"),
    "head_progress": Sentence("Progress", "Progreso"),
    "head_attempts": Sentence("Attempts", "Intentos"),
    "head_time": Sentence("Time", "Tiempo"),
    "head_upload": Sentence("Upload", "Subida"),
    "head_queue": Sentence("Queue", "Cola"),
    "head_processing": Sentence("Processing", "Proceso"),
    "head_download": Sentence("Download", "Descarga"),
}
