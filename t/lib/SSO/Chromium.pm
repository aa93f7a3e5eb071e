# SPDX-License-Identifier: Apache-2.0
# Runs a script of t/browser and makes its lines tests.
#   use SSO::Chromium;
#   chromium_story('login', {url => $site->url('/')});
# Environment: SSO_SHOTS, a directory for screenshots; SSO_CHROMIUM, the program.
package SSO::Chromium;
use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More ();

use SSO::Httpd;
use SSO::OP;

our @EXPORT = qw(chromium_story);

sub chromium_story {
    my ($name, $args) = @_;
    my $json = JSON::PP->new->utf8->canonical;
    my $text = $json->encode({shots => $ENV{SSO_SHOTS}, %$args});
    return Test::More::subtest("in Chromium: $name" => sub {
        open my $out, '-|', $SSO::OP::node, "$SSO::Httpd::top/t/browser/$name.mjs", $text or die "node: $!";
        my $count = 0;
        while (my $line = <$out>) {
            my $said = eval { $json->decode($line) };
            if (!$said) { Test::More::diag($line); next }
            $count++;
            Test::More::ok($said->{ok}, $said->{name}) or Test::More::diag($said->{detail});
        }
        Test::More::ok(close $out, 'the script ended well');
        Test::More::ok($count, 'it saw something');
    });
}

1;
