SELECT value AS schema_version FROM vars WHERE key = 'schema_version'
