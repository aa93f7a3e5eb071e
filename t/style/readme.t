# SPDX-License-Identifier: Apache-2.0
# README.md is true: each piece of configuration in it starts, and what it points to is there.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use File::Temp ();
use SSO::Httpd;
use SSO::Source;

my $readme = slurp('README.md', ':raw');
$ENV{SSO_MODULE} = module_loads();

my $folder = File::Temp->newdir('sso-readme-XXXXXXXX', TMPDIR => 1);
sub file {
    my ($name, $content) = @_;
    open my $out, '>', "$folder/$name" or die "$folder/$name: $!";
    print $out $content;
    close $out or die "$folder/$name: $!";
    chmod 0600, "$folder/$name" or die "$folder/$name: $!";
    return;
}
file('sso.secret', "kX9vQ2mT7bLr4WnZ\n");
file('sso.key', qx(openssl rand -base64 32));
file('sso-error.html', "<!doctype html><title>{title}</title>{text} {id} {retry}\n");

# httpd -t with this piece in a virtual host, and a provider beside it when it names none itself.
sub starts {
    my ($snippet) = @_;
    $snippet =~ s{/etc/apache2/}{$folder/}g;
    my $provider = $snippet =~ /^SSO(?:Issuer|Preset)|<SSOProvider/m ? ''
        : "SSOIssuer https://login.acme.test/\nSSOClientID 0oa4h1bQ7Kx2\n";
    my $httpd = SSO::Httpd->new(modules => [qw(socache_redis allowmethods)], conf => <<"END");
SSOStateDir "\${ROOT}/state"
<VirtualHost *:443>
ServerName https://app.example.com
$provider$snippet
</VirtualHost>
END
    return $httpd->configtest;
}

my @snippets = $readme =~ /^```apache\n(.*?)^```$/msg;
cmp_ok scalar @snippets, '>=', 10, 'there are pieces of configuration';
for my $snippet (@snippets) {
    my ($ok, $said) = starts($snippet);
    my ($first) = $snippet =~ /(.+)/;
    ok $ok && $said !~ /SSO\d/, "starts: $first" or diag $snippet, $said;
}

# --- what it points to ---

my @broken = grep { !/^(?:https?:|#)/ && !-e "$SSO::Source::top/$_" } $readme =~ /\]\(([^)#]+)(?:#[^)]*)?\)/g;
none \@broken, 'links lead to files';
my %heading = map { lc(s/[^\w\s-]//gr =~ s/\s/-/gr) => 1 } $readme =~ /^##+ (.*)$/mg;
none [grep { !$heading{$_} } $readme =~ /\]\(#([^)]+)\)/g], 'links lead to headings';
none [grep { $readme !~ /\Q$_\E/ } files(qr{^conf-examples/(?:[^/]+/README\.md|[^/]+)$})], 'each example is named';

my $commands = code('src/httpd/conf_cmds.c');
my %known = map { $_ => 1 } $commands =~ /AP_INIT_\w+\(\s*"<?([^"]+)"/g;
none [grep { !$known{$_} } $readme =~ /\b(SSO[A-Z][A-Za-z]+)\b/g], 'each directive it names exists';
my @presets = code('src/httpd/preset.c') =~ /\.name = "(\w+)"/g;
cmp_ok scalar @presets, '>', 8, 'the presets were found';
none [grep { $readme !~ /`$_\b/ } @presets], 'each preset is named';
my %headers = map { $_ => 1 } code('src/httpd/cmd_header.c') =~ /^\s+\{"([\w-]+)", (?:"\w+"|MOD_SSO_CLAIM_USER), "/mg;
cmp_ok scalar keys %headers, '>', 4, 'the header presets were found';
none [grep { $readme !~ /^\| `\Q$_\E` \|/m } sort keys %headers], 'each preset of SSOHeaders is named';

done_testing;
