# SPDX-License-Identifier: Apache-2.0
# The table (Markdown) and the picture (SVG) of a run.
package Bench::Report;
use strict;
use warnings;

# A Markdown table: title, column heads, rows of cells (undef: a dash).
sub table {
    my ($title, $heads, @rows) = @_;
    return join "\n", "### $title", '', map({ '| ' . join(' | ', map { $_ // '–' } @$_) . ' |' } $heads,
        [map { '---' } @$heads], @rows), '', '';
}

my %colour = (plain => '#8a8f98', floor => '#b9c2cf', sso => '#1f7a4d', bearer => '#5f9f7d', rival => '#c2571a');

sub _text { my ($x, $y, $text, %more) = @_;
    $text =~ s/&/&amp;/g; $text =~ s/</&lt;/g;
    my $attributes = join '', map { qq( $_="$more{$_}") } sort keys %more;
    return qq(<text x="$x" y="$y"$attributes>$text</text>\n);
}

# picture(TITLE, [chart title, unit, [name, value, label]…]…): bars, each chart on a scale of its own from zero.
sub picture {
    my ($title, @charts) = @_;
    my ($left, $wide, $row, $y, $svg) = (150, 480, 20, 34, '');
    $svg .= _text(16, 24, $title, 'font-size' => 16, 'font-weight' => 'bold');
    for my $chart (@charts) {
        my ($name, $unit, @bars) = @$chart;
        my ($max) = sort { $b <=> $a } map { $_->[1] } @bars;
        next if !$max;
        $y += 30;
        $svg .= _text(16, $y, "$name, $unit", 'font-weight' => 'bold');
        for my $bar (@bars) {
            my ($who, $value, $label) = @$bar;
            my ($kind) = $who =~ /^(\w+)/;
            my $long = sprintf '%.1f', $wide * $value / $max;
            $y += $row;
            $svg .= _text($left - 8, $y, $who, 'text-anchor' => 'end');
            $svg .= sprintf qq(<rect x="%d" y="%d" width="%s" height="14" fill="%s"/>\n), $left, $y - 11, $long,
                $colour{$kind} // '#444';
            $svg .= _text($left + $long + 6, $y, $label);
        }
        $y += 6;
    }
    my $high = $y + 24;
    return <<"END";
<svg xmlns="http://www.w3.org/2000/svg" width="800" height="$high" viewBox="0 0 800 $high"
    font-family="sans-serif" font-size="12" fill="#222">
<rect width="800" height="$high" fill="#fff"/>
$svg</svg>
END
}

1;
