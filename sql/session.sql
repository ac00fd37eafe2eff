-- Limits of kastune's own session. Set here and not through `options`, so that pg_settings.reset_val keeps the server's own values.
SELECT pg_catalog.set_config('statement_timeout', '30s', false),
       pg_catalog.set_config('lock_timeout', '5s', false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false)
