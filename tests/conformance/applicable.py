"""Which recording is compared by which test, and why some are not.

Files that are in neither table are exchanges that ``test_conformance_replay.py`` replays.
"""

# Observations of several requests: the test that makes the same observation.
OBSERVED = {
    "observed_client_disconnect_midstream.json": "test_disconnect_midstream",
    "observed_client_disconnect_nonstream.json": "test_disconnect_nonstream",
    "observed_client_gone_while_queued.json": "test_client_gone_while_queued",
    "observed_keep_alive_1s.json": "test_short_keep_alive",
    "observed_keep_alive_values.json": "test_keep_alive_values",
    "observed_max_queue_1.json": "test_max_queue_1",
    "observed_num_ctx_change_reloads.json": "test_num_ctx_change_reloads",
    "observed_prompt_cache.json": "test_prompt_cache",
    "observed_ps_while_loading.json": "test_ps_while_loading",
    "observed_python_client.json": "test_python_client_cases",
    "observed_three_requests_one_slot.json": "test_requests_one_slot",
    "observed_two_models_at_once.json": "test_two_models_at_once",
    "observed_two_names_one_blob.json": "test_two_names_one_blob",
    "observed_two_requests_num_parallel_2.json": "test_two_requests_num_parallel_2",
    "observed_two_requests_one_slot.json": "test_requests_one_slot",
    "observed_unload_while_generating.json": "test_unload_while_generating",
    "chat_max_queue_503.json": "test_max_queue_1",
}

# What the recordings hold and the simulator does not do.
NOT_APPLICABLE = {
    "chat_random_bytes_stream.jsonl": (
        "random weights: how half characters are held back is not simulated, "
        "a reply consists of whole characters"
    ),
    "openai_chat_stream.txt": "the OpenAI endpoints are out of scope",
    "openai_models.json": "the OpenAI endpoints are out of scope",
    "openai_unknown_model_404.json": "the OpenAI endpoints are out of scope",
}

# Of these exchanges only some things are compared.
ONLY_SHAPES = {
    "pull_ok_stream.jsonl": "how many progress lines come depends on the network",
    "create_stream.jsonl": "digests of layers are made up",
    "chat_format_schema.jsonl": "what a model says inside a schema is its own affair",
    "chat_format_schema_nonstream.json": "as above",
    "chat_format_schema_cut_by_num_predict.json": "as above",
    "chat_format_json.json": "as above",
    "chat_tools_with_format_stream.jsonl": "as above",
    "chat_think_with_format_stream.jsonl": "as above",
    "num_ctx_zero.json": "0.32 says noise there: the prompt is gone",
    "num_ctx_negative.json": "as above",
    "native_overflow_num_ctx_256.json": "0.24 says noise there: the prompt is gone",
    "native_overflow_stream.json": "as above",
    "native_chat_stream.jsonl": "0.24 does not know the template and says something else",
}
