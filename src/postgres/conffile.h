/* SPDX-License-Identifier: MIT
 *
 * postgresql.conf and what it includes, read without loss: writing back an unchanged file gives the same bytes.
 * Read as PostgreSQL reads: include, include_if_exists, include_dir (only *.conf, no dot files, C order), relative to
 * the including file, at most 10 deep; '' and \ escapes in quotes; `name = value`, `name value`; # comments;
 * names without case; the last line wins; then postgresql.auto.conf beats them all.
 */
#pragma once

#include <glib.h>

/* Lower case, and the present name of one that the server still knows under an old one (sort_mem). Caller frees. */
char *kt_conf_canonical_name (const char *name);

typedef enum {
  KT_CONF_BLANK,   /* empty or comment only */
  KT_CONF_SETTING,
  KT_CONF_INCLUDE, /* include, include_if_exists, include_dir: `name` tells */
  KT_CONF_BROKEN,  /* the server would refuse to start; `problem` says why */
} KtConfKind;

typedef struct {
  KtConfKind kind;
  guint line;      /* from 1 */
  char *raw;       /* with its line ending, exactly as in the file */
  char *name;      /* canonical; NULL for blanks and broken lines */
  char *spelling;  /* the name as written */
  char *value;     /* unquoted */
  char *problem;
} KtConfLine;

typedef struct KtConfFile {
  char *path;
  GPtrArray *lines; /* KtConfLine */
} KtConfFile;

KtConfFile *kt_conf_file_parse (const char *path, const char *text);
/* Errors: those of kt_file_read; KT_ERROR_PARSE when the file holds a NUL byte (damaged, or UTF-16): nobody should edit
 * that; KT_ERROR_IO for a pipe, which would block. */
KtConfFile *kt_conf_file_read (const char *path, GError **error);
void kt_conf_file_free (KtConfFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtConfFile, kt_conf_file_free)
char *kt_conf_file_to_text (const KtConfFile *file);

/* The line that wins within this one file, or NULL. Borrowed. */
const KtConfLine *kt_conf_file_get (const KtConfFile *file, const char *name);
/* Puts the value into the winning line, which keeps its indentation and comment, or appends a line. A @comment replaces
 * the line's comment; NULL keeps it. @name must be one that a file can set. */
void kt_conf_file_set (KtConfFile *file, const char *name, const char *value, const char *comment);
/* Removes every line that sets @name; returns how many. */
guint kt_conf_file_remove (KtConfFile *file, const char *name);

/* One setting as the whole tree gives it. */
typedef struct {
  char *name, *value;
  char *path;
  guint line;
  gboolean wins;    /* FALSE: a later line overrides it */
  gboolean checked; /* the server reads the value, so a bad one prevents a start: the winner, and earlier lines that spell
                       the name differently from all later ones (Work_Mem before work_mem) */
} KtConfEntry;

typedef struct {
  char *path;
  guint line; /* 0: the file as a whole */
  char *text; /* "cannot read the included file x.conf: …": without the place */
} KtConfProblem;

typedef struct {
  GPtrArray *files;    /* KtConfFile in reading order; postgresql.auto.conf last when it exists */
  GPtrArray *entries;  /* KtConfEntry in reading order */
  GPtrArray *problems; /* KtConfProblem: what would stop a start */
  char *include_dir;   /* the last active include_dir, absolute, or NULL: where an own file takes effect */
} KtConfTree;

/* Reads @config_file, its includes, and postgresql.auto.conf in @data_directory (NULL: what the files set as
 * data_directory, else the folder of @config_file). Fails only when @config_file itself cannot be read; everything else
 * is a problem in the tree. Names, types and limits of settings are not judged here: that takes the server.
 * Files are opened with the caller's rights: what root can read and the server's user cannot is not noticed. */
KtConfTree *kt_conf_tree_read (const char *config_file, const char *data_directory, GError **error);
void kt_conf_tree_free (KtConfTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtConfTree, kt_conf_tree_free)
/* The winning entry or NULL. Borrowed. */
const KtConfEntry *kt_conf_tree_get (const KtConfTree *tree, const char *name);
