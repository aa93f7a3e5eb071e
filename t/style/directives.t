# SPDX-License-Identifier: Apache-2.0
# The directives: the names that are promised are there, each is documented and appears in a test, and each member of
# the structs that hold them is created and merged.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

# Names are fixed: a configuration that was written once must go on working.
my @promised = qw(
    <SSOProvider SSOUse SSOIssuer SSOPreset SSOEndpoint SSOClientID SSOClientSecret SSOClientAuth SSOClientKey
    SSOClientCertificate SSOScope SSOAuthParam SSOResponseType SSOSigningAlgs SSOAudience SSOClockSkew SSOMaxAge
    SSORequireACR SSORedirectURI SSOLoginPath SSOLogoutPath SSOBasePath SSOKeyFile SSOStateDir SSOSessionStore
    SSOCache SSOSessionTimeout SSOSessionClaims SSOCookie SSORefresh SSORemoteUser SSOClaimPrefix SSOClaimHeader
    SSOHeaders SSOClaimEnv SSOClaimFormat SSOClaimDelimiter SSOPassToken SSOMintKey SSOMintAudience
    SSOMintLifetime SSOMintClaim SSOBridge SSOAccept SSOUnauthenticated SSOStepUp SSOBearerIssuer
    SSOBearerAudience SSOIntrospect SSOTrustedProxy SSOAllowReturn SSOAllowOrigin SSOOutgoingProxy SSOCAFile
    SSOTimeout SSOMaxCalls SSOErrorPage SSODevelopment);

my $commands = code('src/httpd/conf_cmds.c');
my %where = $commands =~ /\bAP_INIT_\w+\(\s*"([^"]+)"\s*,\s*\w+\s*,.*?,\s*([SPD](?:\s*\|\s*[SPD])*)\s*,/gs;
is_deeply [sort keys %where], [sort @promised], 'the command table has the promised names, no more and no less';

my $doc = 'docs/directives.md';
my $text = -f "$SSO::Source::top/$doc" ? slurp($doc) : '';
ok $text, "$doc is there";
none [grep { my $name = s/^<//r; $text !~ /\b$name\b/ } sort keys %where], "$doc has each directive";
my %named = map { $_ => 1 } $text =~ /\b(SSO[A-Z][A-Za-z]+)\b/g;
none [grep { !$where{$_} && !$where{"<$_"} } sort keys %named], "$doc names no directive that is not there";

my %tested;
for my $file (files(qr{^t/(?!style/|lib/).*\.(?:t|c|conf|mjs)$})) {
    my $source = slurp($file);
    $tested{$_} //= $file for $source =~ /(<?SSO[A-Z][A-Za-z]+)\b/g;
}
none [grep { !$tested{$_} } sort keys %where], 'each directive appears in a test';

# --- the structs ---

my $header = code('src/httpd/conf.h');
my $source = code('src/httpd/conf.c');

# Members in the order they stand: [[name, is_number], …]
sub members {
    my ($struct) = @_;
    my ($body) = $header =~ /\bstruct\s+$struct\s*\{(.*?)\n\}/s or die "no struct $struct in conf.h\n";
    return map {
        my ($type, $name) = /^\s*(.*?)(\w+)\s*$/s;
        $name ? [$name, $type =~ /^(?:int|apr_\w+_t)\s+$/] : ();
    } split /;/, $body;
}

sub function {
    my ($name) = @_;
    my ($body) = $source =~ /\b$name\([^;{]*\)\s*\{(.*?)\n\}/s or die "no $name in conf.c\n";
    return $body;
}

# What is not a directive, and why it is neither created unset nor merged.
my %exempt = (
    mod_sso_provider_conf_t => {name => 'given', seen => 'while directives are read'},
    mod_sso_conf_t => {server => 'given', uses => 'of this very server', own => 'of this very server',
        site => 'made by the check', provider_total => 'made by the check',
        jwks => 'made at the start', jwks_path => 'made at the start', current => 'while directives are read',
        seen => 'while directives are read'},
    mod_sso_dir_t => {seen => 'while directives are read'},
);
# The second half of one directive: it counts where the first is set.
my %follows = (mod_sso_provider_conf_t => {form_post => 'response_type'}, mod_sso_conf_t => {}, mod_sso_dir_t => {});
my %functions = (
    mod_sso_provider_conf_t => [qw(create_provider merge_provider)],
    mod_sso_conf_t => [qw(mod_sso_conf_create_server mod_sso_conf_merge_server)],
    mod_sso_dir_t => [qw(mod_sso_conf_create_dir mod_sso_conf_merge_dir)],
);
for my $struct (sort keys %functions) {
    my ($create, $merge) = map { function($_) } @{$functions{$struct}};
    $merge .= function('merge_providers') if $struct eq 'mod_sso_conf_t';
    my @all = members($struct);
    cmp_ok scalar @all, '>', 12, "$struct was read";
    my @used = grep { !$exempt{$struct}{$_->[0]} } @all;
    my %is_member = map { $_->[0] => 1 } @all;
    none [map { $_->[1] && $create !~ /->$_->[0] = MOD_SSO_UNSET/ ? $_->[0] : () } grep { !$follows{$struct}{$_->[0]} }
        @used], "$struct: each number begins unset";
    none [grep { my $first = $follows{$struct}{$_}; $merge !~ /\bm->$_ = a->$first != MOD_SSO_UNSET \? a->$_ : b->$_;/ }
        sort keys %{$follows{$struct}}], "$struct: both halves of a directive go together";
    none [map { $merge !~ /MERGE_\w+\($_->[0]\)|\bm->$_->[0]\b/ ? $_->[0] : () } @used],
        "$struct: each member is merged";
    none [grep { !$is_member{$_} } sort keys %{$exempt{$struct}}], "$struct: no stale exemption";
}

done_testing;
