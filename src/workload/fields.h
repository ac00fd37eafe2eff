/* SPDX-License-Identifier: MIT
 *
 * How a row of each table is filled, column by column: the values behind the tables in schema.c.
 */
#pragma once

#include "workload/schema.h"

#define KT_SCRIPT_LENGTH 34

void kt_field_block_hash (KtRows *rows, const KtRowSource *source);
void kt_field_accepted_id_merkle_root (KtRows *rows, const KtRowSource *source);
void kt_field_transaction_ids (KtRows *rows, const KtRowSource *source);
void kt_field_merge_set_blues (KtRows *rows, const KtRowSource *source);
void kt_field_merge_set_reds (KtRows *rows, const KtRowSource *source);
void kt_field_selected_parent (KtRows *rows, const KtRowSource *source);
void kt_field_bits (KtRows *rows, const KtRowSource *source);
void kt_field_blue_score (KtRows *rows, const KtRowSource *source);
void kt_field_blue_work (KtRows *rows, const KtRowSource *source);
void kt_field_daa_score (KtRows *rows, const KtRowSource *source);
void kt_field_hash_merkle_root (KtRows *rows, const KtRowSource *source);
void kt_field_nonce (KtRows *rows, const KtRowSource *source);
void kt_field_pruning_point (KtRows *rows, const KtRowSource *source);
void kt_field_timestamp (KtRows *rows, const KtRowSource *source);
void kt_field_utxo_commitment (KtRows *rows, const KtRowSource *source);
void kt_field_block_version (KtRows *rows, const KtRowSource *source);

void kt_field_parent_hash (KtRows *rows, const KtRowSource *source);
void kt_field_accepted_id (KtRows *rows, const KtRowSource *source);
void kt_field_accepting_hash (KtRows *rows, const KtRowSource *source);

void kt_field_transaction_id (KtRows *rows, const KtRowSource *source);
void kt_field_subnetwork_id (KtRows *rows, const KtRowSource *source);
void kt_field_transaction_hash (KtRows *rows, const KtRowSource *source);
void kt_field_mass (KtRows *rows, const KtRowSource *source);
void kt_field_payload (KtRows *rows, const KtRowSource *source);
void kt_field_block_time (KtRows *rows, const KtRowSource *source);
void kt_field_transaction_version (KtRows *rows, const KtRowSource *source);
void kt_field_inputs (KtRows *rows, const KtRowSource *source);
void kt_field_outputs (KtRows *rows, const KtRowSource *source);
void kt_field_inputs_20 (KtRows *rows, const KtRowSource *source);  /* types of schema 20 and 21 */
void kt_field_outputs_20 (KtRows *rows, const KtRowSource *source);
void kt_field_subnetwork_key (KtRows *rows, const KtRowSource *source); /* into the table of subnetworks */

/* One input or output: source->element. */
void kt_field_element_index (KtRows *rows, const KtRowSource *source);
void kt_field_input_hash (KtRows *rows, const KtRowSource *source);
void kt_field_input_index (KtRows *rows, const KtRowSource *source);
void kt_field_input_signature (KtRows *rows, const KtRowSource *source);
void kt_field_input_sig_op_count (KtRows *rows, const KtRowSource *source);
void kt_field_input_script (KtRows *rows, const KtRowSource *source);
void kt_field_input_amount (KtRows *rows, const KtRowSource *source);
void kt_field_output_amount (KtRows *rows, const KtRowSource *source);
void kt_field_output_script (KtRows *rows, const KtRowSource *source);
void kt_field_output_address (KtRows *rows, const KtRowSource *source);

void kt_field_address (KtRows *rows, const KtRowSource *source);
void kt_field_script (KtRows *rows, const KtRowSource *source);
