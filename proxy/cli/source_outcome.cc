// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/source_outcome.h"

#include <algorithm>
#include <array>

#include "bindings/oauth_providers.h"

namespace keyswap::cli {

namespace {

struct Advice {
  std::string_view outcome;
  std::string_view text;
};

constexpr std::string_view kOpener =
    "the source does not take what it is opened with: make it anew at the vendor, and put it in "
    "with keyswap secret rotate";
constexpr std::string_view kForm =
    "what the source is opened with has not the form that this kind of source takes: put the right "
    "value in with keyswap secret rotate";
constexpr std::string_view kKey =
    "the secret's `key` has not the form that this source's keys have";
constexpr std::string_view kSeveral =
    "what the key names is not one text: give the secret another `key`, or a `field`";
constexpr std::string_view kAgain = "it may pass by itself: try it again later";
constexpr std::string_view kNotWritten =
    "the new refresh token could not be written: make room on the disk";
constexpr std::string_view kHere =
    "it failed on this machine: is the disk of the home full, damaged or read-only? See keyswap "
    "doctor, and try it again";
constexpr std::string_view kAnswer =
    "what answered does not speak as this source does: is its address right?";

constexpr std::array kAdvice = {
    Advice{"access_connector_token", kForm},
    Advice{"ambiguous_name", kSeveral},
    Advice{"answer_too_large", "it gave more than a secret may be: is it the right `key`?"},
    Advice{"audit_unavailable",
           "the record of it could not be written, so it was not taken: look at the disk"},
    Advice{"checksum", "the value was changed on its way: try it again"},
    Advice{"clock_differs",
           "this machine's clock is wrong by a minute or more, and what is signed by it is "
           "refused: set it, and keep it by NTP"},
    Advice{"credential_missing",
           "what the source is opened with is not there: add it with keyswap secret add, or see "
           "that its file is there"},
    Advice{"decryption_failure", "it was changed, or sealed with another key: seal it anew"},
    Advice{"deleted", "it was deleted at its source: make it there again, or take another `key`"},
    Advice{"disabled", "it is disabled at its source: enable it there, or take another `key`"},
    Advice{"empty", "the program printed nothing: run it by hand with this key"},
    Advice{"entry_changed", "somebody else changed the entry meanwhile: try it again"},
    Advice{"entry_write_failed", kHere},
    Advice{"exit_status", "the program failed, and what it said stands above: run it by hand"},
    Advice{"expired", "what the program printed is over already: let it print a new one"},
    Advice{"expired_token", kOpener},
    Advice{"forbidden", "the source has it not for us: give the account access to it there"},
    Advice{"issuer_mismatch", "the issuer calls itself something else: is its address right?"},
    Advice{"login_conflict", "somebody else changed the refresh token meanwhile: log in again"},
    Advice{"login_refused", kOpener},
    Advice{"login_write_failed",
           "the refresh token could not be written: make room on the disk, and log in again"},
    Advice{"malformed", kAnswer},
    Advice{"network", "the source was not reached: is its address right, and the network there?"},
    Advice{"no_access_token", kForm},
    Advice{"no_fields", kSeveral},
    Advice{"no_key_pair", kForm},
    Advice{"no_local_key", "it was sealed with a key of this machine: name it as `local_key`"},
    Advice{"no_name", kKey},
    Advice{"no_organization", "the account does not see the organisation: is its id right?"},
    Advice{"no_path", kKey},
    Advice{"no_reference", kKey},
    Advice{
        "no_refresh_token",
        "the server gave none: ask for it by a scope (offline_access), or in the app's settings"},
    Advice{"no_role", kKey},
    Advice{"no_room", "there is no locked memory left: ulimit -l"},
    Advice{"no_service_account", kForm},
    Advice{"no_such_field", "what the key names has no such field: see the secret's `field`"},
    Advice{"no_text", kSeveral},
    Advice{"no_token", kForm},
    Advice{"no_turn", "too much was asked for before it: try it again later"},
    Advice{"no_variable", kKey},
    Advice{"not_found", "the source has no such secret: see the secret's `key`, or add it there"},
    Advice{"not_permitted",
           "its address is not public and not in `allow_addresses`, or a file or a program of it "
           "is not yours alone: chmod"},
    Advice{"not_sealed", "the entry is not sealed: keyswap source seal, or say `plaintext: allow`"},
    Advice{"not_serving", "there is no policy to ask by"},
    Advice{"not_started", "the program could not be started: is it there, and can it be run?"},
    Advice{"not_yet_consistent", kAgain},
    Advice{"notes_too_large", "the notes of its secrets are too much text: shorten them there"},
    Advice{"rate_limited", "the source was asked too often: try it again later"},
    Advice{"redirect", kAnswer},
    Advice{"refused", kAnswer},
    Advice{"region_disabled", "the region is not enabled for the account: enable it there"},
    Advice{"rejected_malformed", "the server gave a refresh token that nobody could send"},
    Advice{"rotation_conflict",
           "somebody else changed the refresh token meanwhile: try it again, with what is there"},
    Advice{"rotation_write_failed", kNotWritten},
    Advice{"sealed", "the source is sealed: unseal it"},
    Advice{"sealed_otherwise", "it was changed, or sealed with another key: seal it anew"},
    Advice{"server_error", kAgain},
    Advice{"several_fields", kSeveral},
    Advice{"signing_key_unusable",
           "the private key does not sign as it has to: see `key` and `algorithm`"},
    Advice{"timed_out", "it did not answer in time: try it again, and see whether it is up"},
    Advice{"tls",
           "the source did not prove who it is: is its address right? Roots of your own stand in "
           "upstream.ca_file"},
    Advice{"token_endpoint_error",
           "the token endpoint refuses the client or its grant: log in again, or see the client's "
           "entries"},
    Advice{"token_endpoint_status", "the token endpoint does not answer as one: see `token_url`"},
    Advice{"unauthorized", kOpener},
    Advice{"unavailable", kHere},
    Advice{"unexpected", kHere},
    Advice{"unknown_key", "what the program printed has a member that it should not have"},
    Advice{"unsupported_token_type", "the token endpoint gave no bearer token"},
    Advice{"write_failed", kNotWritten},
};

}  // namespace

std::string advice_on(std::string_view outcome) {
  if (outcome == "ok") {
    return "";
  }
  const std::string_view word =
      outcome.substr(0, outcome.find(':'));  // what follows says it closer
  const auto* const found = std::ranges::find(kAdvice, word, &Advice::outcome);
  return std::string(found == kAdvice.end() ? word : found->text);
}

std::string advice_to_log_in(std::string_view source_id) {
  const std::string command = bindings::login_command(source_id);
  return command.empty() ? advice_on("token_endpoint_error") : "log in again: " + command;
}

}  // namespace keyswap::cli
