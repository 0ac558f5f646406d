// SPDX-License-Identifier: Apache-2.0
//
// The files of other tools that `keyswap import` takes credentials out of: a line each, and a
// reader each (proxy/cli/credential_file.h).
#pragma once

#include <array>
#include <string_view>

#include "proxy/cli/command.h"
#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

struct Importer {
  std::string_view name;  // of the tool, and of the command
  const char* help;       // one line
  const char* example;
  CredentialFile (*read)(std::string_view text);
  // Where the file is: what the variable says, with the ending behind it; else the first of these
  // that is there, below the user's home.
  const char* variable;
  std::string_view ending;
  std::array<std::string_view, 3> files;
};

inline constexpr std::array kImporters = {
    Importer{"gh",
             "the tokens in gh's hosts.yml",
             "keyswap import gh",
             read_gh_hosts,
             "GH_CONFIG_DIR",
             "/hosts.yml",
             {".config/gh/hosts.yml"}},
    Importer{"aws",
             "AWS's credentials, none of which can be bound",
             "keyswap import aws",
             read_aws_credentials,
             "AWS_SHARED_CREDENTIALS_FILE",
             "",
             {".aws/credentials"}},
    Importer{"npm",
             "the tokens and passwords in .npmrc",
             "keyswap import npm",
             read_npmrc,
             "NPM_CONFIG_USERCONFIG",
             "",
             {".npmrc"}},
    Importer{"pip",
             "the passwords in pip.conf or .pypirc",
             "keyswap import pip",
             read_pip_config,
             "PIP_CONFIG_FILE",
             "",
             {".config/pip/pip.conf", ".pip/pip.conf", ".pypirc"}},
    Importer{"netrc",
             "the passwords in .netrc",
             "keyswap import netrc",
             read_netrc,
             "NETRC",
             "",
             {".netrc"}},
    Importer{"docker",
             "the registries' passwords in docker's config.json",
             "keyswap import docker",
             read_docker_config,
             "DOCKER_CONFIG",
             "/config.json",
             {".docker/config.json"}},
};

// keyswap import NAME [FILE] [--apply]
int run_importer(const Importer& importer, const Arguments& arguments);

}  // namespace keyswap::cli
